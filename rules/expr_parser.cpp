#include "rules/expr_parser.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <utility>

#include "config/suggest.h"
#include "rules/function.h"
#include "rules/selector_parser.h"

namespace kcloud::rules {
namespace {

using Kind = Expr::Kind;
using Operator = std::pair<std::string_view, Kind>;

constexpr std::array<Operator, 1> kOr{{{"or", Kind::kOr}}};
constexpr std::array<Operator, 2> kAnd{{{"and", Kind::kAnd}, {"unless", Kind::kUnless}}};
constexpr std::array<Operator, 6> kCompare{{{"==", Kind::kEqual},
                                            {"!=", Kind::kNotEqual},
                                            {">", Kind::kGreater},
                                            {">=", Kind::kGreaterEqual},
                                            {"<", Kind::kLess},
                                            {"<=", Kind::kLessEqual}}};
constexpr std::array<Operator, 2> kAdd{{{"+", Kind::kAdd}, {"-", Kind::kSubtract}}};
constexpr std::array<Operator, 3> kMultiply{
    {{"*", Kind::kMultiply}, {"/", Kind::kDivide}, {"%", Kind::kModulo}}};

double calculated(Kind kind, double left, double right) {
  switch (kind) {
    case Kind::kAdd:
      return left + right;
    case Kind::kSubtract:
      return left - right;
    case Kind::kMultiply:
      return left * right;
    case Kind::kDivide:
      return left / right;
    default:
      return std::fmod(left, right);
  }
}

// An expression and how deep it is.
struct Parsed {
  Expr expr;
  int depth = 1;
};

class ExprParser {
 public:
  explicit ExprParser(Cursor& cursor) : cursor_(cursor) {}

  Parsed whole() {
    Parsed parsed = either();
    if (cursor_.peek().is("="))
      cursor_.fail(cursor_.peek().begin, "= belongs into braces; compare with ==");
    if (cursor_.peek().kind != Token::Kind::kEnd) cursor_.fail_expecting("an operator or the end");
    return parsed;
  }

 private:
  template <std::size_t N>
  static const Operator* find(const Token& token, const std::array<Operator, N>& operators) {
    const auto found = std::find_if(operators.begin(), operators.end(),
                                    [&](const auto& op) { return token.is(op.first); });
    return found == operators.end() ? nullptr : &*found;
  }

  // Operators of one rank, from left to right.
  template <std::size_t N>
  Parsed chain(const std::array<Operator, N>& operators, Parsed (ExprParser::*operand)()) {
    const std::size_t begin = cursor_.peek().begin;
    Parsed left = (this->*operand)();
    while (const Operator* op = find(cursor_.peek(), operators)) {
      const Token token = cursor_.take();
      Parsed right = (this->*operand)();
      left = binary(op->second, token, begin, std::move(left), std::move(right));
    }
    return left;
  }

  Parsed binary(Kind kind, const Token& op, std::size_t begin, Parsed left, Parsed right) {
    const bool arithmetic = kind >= Kind::kAdd && kind <= Kind::kModulo;
    if (arithmetic && left.expr.kind == Kind::kNumber && right.expr.kind == Kind::kNumber) {
      left.expr.number = calculated(kind, left.expr.number, right.expr.number);
      if (!std::isfinite(left.expr.number))
        cursor_.problem(op.begin, "this is no number: a division by zero, or too large");
      left.expr.text = fmt::format("{}", left.expr.number);
      return left;
    }
    Parsed out = node(kind, begin, std::max(left.depth, right.depth), op.begin);
    out.expr.operands.push_back(std::move(left.expr));
    out.expr.operands.push_back(std::move(right.expr));
    return out;
  }

  Parsed node(Kind kind, std::size_t begin, int depth_below, std::size_t at) {
    if (depth_below >= Budget::kMaxDepth)
      cursor_.fail(at, fmt::format("nested deeper than {}", Budget::kMaxDepth));
    Parsed out;
    out.expr.kind = kind;
    out.expr.place = cursor_.place(begin);
    out.expr.text = cursor_.written(begin);
    out.depth = depth_below + 1;
    return out;
  }

  Parsed either() { return chain(kOr, &ExprParser::both); }
  Parsed both() { return chain(kAnd, &ExprParser::negatable); }
  Parsed sum() { return chain(kAdd, &ExprParser::product); }
  Parsed product() { return chain(kMultiply, &ExprParser::unary); }

  Parsed negatable() {
    if (!cursor_.peek().is("not")) return comparison();
    const Cursor::Level level(cursor_);
    const Token token = cursor_.take();
    Parsed inner = negatable();
    Parsed out = node(Kind::kNot, token.begin, inner.depth, token.begin);
    out.expr.operands.push_back(std::move(inner.expr));
    return out;
  }

  Parsed comparison() {
    const std::size_t begin = cursor_.peek().begin;
    Parsed left = sum();
    const Operator* op = find(cursor_.peek(), kCompare);
    if (!op) return left;
    const Token token = cursor_.take();
    Parsed right = sum();
    if (find(cursor_.peek(), kCompare))
      cursor_.fail(cursor_.peek().begin, "comparisons do not chain; join two with `and`");
    return binary(op->second, token, begin, std::move(left), std::move(right));
  }

  Parsed unary() {
    if (!cursor_.peek().is("-")) return primary();
    const Cursor::Level level(cursor_);
    const Token token = cursor_.take();
    Parsed inner = unary();
    if (inner.expr.kind == Kind::kNumber) {
      inner.expr.number = -inner.expr.number;
      inner.expr.text = fmt::format("{}", inner.expr.number);
      inner.expr.place = cursor_.place(token.begin);
      return inner;
    }
    Parsed out = node(Kind::kNegate, token.begin, inner.depth, token.begin);
    out.expr.operands.push_back(std::move(inner.expr));
    return out;
  }

  Parsed primary() {
    const Token& next = cursor_.peek();
    if (next.kind == Token::Kind::kNumber) {
      const Token token = cursor_.take();
      Parsed out = node(Kind::kNumber, token.begin, 0, token.begin);
      out.expr.number = token.number;
      return out;
    }
    if (next.is("(")) {
      const Cursor::Level level(cursor_);
      cursor_.take();
      Parsed inner = either();
      cursor_.expect(")");
      return inner;
    }
    if (next.kind == Token::Kind::kString)
      cursor_.fail(next.begin, "a text stands in braces only: type{field = \"text\"}");
    if (next.kind == Token::Kind::kDuration)
      cursor_.fail(next.begin,
                   "a duration stands in brackets or behind `offset` only; numbers have "
                   "no unit");
    if (next.kind == Token::Kind::kAt)
      cursor_.fail(next.begin, "lists and filters are used in braces: type{@name}");
    if (next.kind != Token::Kind::kName)
      cursor_.fail_expecting("a number, a function, an event type or '('");
    if (cursor_.peek(1).is("(")) return call();
    return event();
  }

  Parsed event() {
    const Token& name = cursor_.peek();
    if (find_function(name.text) && !cursor_.scope().catalogue.find(name.text))
      cursor_.fail(name.begin, fmt::format("'{}' is a function: {}", name.text,
                                           find_function(name.text)->form));
    Parsed out = selected(Kind::kEvent);
    if (const auto part = beyond_event(written_))
      cursor_.problem(part->at, fmt::format("{} needs a function around it, such as {}", part->part,
                                            part->part == "a field" ? "avg(type.field[5m])"
                                                                    : "count(type[5m])"));
    return out;
  }

  Parsed selected(Kind kind) {
    const std::size_t at = cursor_.peek().begin;
    if (++cursor_.budget().windows > Budget::kMaxWindows)
      cursor_.fail(at, fmt::format("more than {} windows in a rule", Budget::kMaxWindows));
    written_ = parse_selector(cursor_);
    Parsed out = node(kind, at, 0, at);
    out.expr.selector = std::move(written_.selector);
    return out;
  }

  Parsed call() {
    const Cursor::Level level(cursor_);
    const Token name = cursor_.take();
    const Function* function = find_function(name.text);
    if (!function) {
      function = nearest_function(name.text);
      const std::string message = unknown_function(name.text);
      if (!function) cursor_.fail(name.begin, message);
      cursor_.problem(name.begin, message);
    }
    cursor_.expect("(");
    Parsed out = function->kind == Kind::kAggregate ? aggregate(*function) : wrapped(*function);
    cursor_.expect(")");
    out.expr.place = cursor_.place(name.begin);
    out.expr.text = cursor_.written(name.begin);
    return out;
  }

  Parsed aggregate(const Function& function) {
    double quantile = 0;
    if (function.aggregate == Aggregate::kQuantile) {
      if (cursor_.peek().kind != Token::Kind::kNumber)
        cursor_.fail_expecting("the quantile, a number from 0 to 1");
      const Token token = cursor_.take();
      quantile = token.number;
      if (quantile > 1) cursor_.problem(token.begin, "a quantile is from 0 to 1: 0.99, or 99%");
      cursor_.expect(",");
    }
    Parsed out = selected(Kind::kAggregate);
    out.expr.aggregate = function.aggregate;
    out.expr.quantile = quantile;
    for (const auto& [at, message] : misuse(function, written_, out.expr.selector))
      cursor_.problem(at, message);
    if (cursor_.peek().is("="))
      cursor_.fail(cursor_.peek().begin, "= belongs into braces: type{field = \"text\"}");
    return out;
  }

  Parsed wrapped(const Function& function) {
    Parsed inner = sum();
    if (function.kind == Kind::kAbs && inner.expr.kind == Kind::kNumber) {
      inner.expr.number = std::abs(inner.expr.number);
      return inner;
    }
    Parsed out = node(function.kind, cursor_.peek().begin, inner.depth, cursor_.peek().begin);
    out.expr.operands.push_back(std::move(inner.expr));
    if (function.kind == Kind::kBaseline || function.kind == Kind::kZscore) {
      cursor_.expect(",");
      if (cursor_.peek().kind != Token::Kind::kDuration)
        cursor_.fail_expecting("how far to look back, a duration (24h)");
      out.expr.look_back = cursor_.take().duration;
    }
    return out;
  }

  Cursor& cursor_;
  WrittenSelector written_;  // the last one
};

}  // namespace

std::optional<Expr> parse_expr(const config::Text& text, Scope& scope, Budget& budget) {
  Cursor cursor(text, scope, budget);
  try {
    return std::move(ExprParser(cursor).whole().expr);
  } catch (const SyntaxError& error) {
    cursor.problem(error.at, error.message);
    return std::nullopt;
  }
}

}  // namespace kcloud::rules
