#include "rules/program.h"

#include <algorithm>

namespace kcloud::rules {
namespace {

using Kind = Expr::Kind;

bool is_comparison(Kind kind) { return kind >= Kind::kEqual && kind <= Kind::kLessEqual; }

bool is_constant(const Expr& expr) {
  return expr.kind != Kind::kAggregate && expr.kind != Kind::kEvent &&
         std::all_of(expr.operands.begin(), expr.operands.end(), is_constant);
}

// More events can only keep it true.
bool is_eager(const Expr& expr) {
  if (expr.kind == Kind::kAnd || expr.kind == Kind::kOr)
    return std::all_of(expr.operands.begin(), expr.operands.end(), is_eager);
  if (!is_comparison(expr.kind) || !is_constant(expr.operands[1])) return false;
  const Expr& left = expr.operands[0];
  if (left.kind != Kind::kAggregate || left.selector.offset.count() != 0) return false;
  if (expr.kind == Kind::kGreater || expr.kind == Kind::kGreaterEqual)
    return left.aggregate == Aggregate::kCount || left.aggregate == Aggregate::kDistinct ||
           left.aggregate == Aggregate::kMax;
  if (expr.kind == Kind::kLess || expr.kind == Kind::kLessEqual)
    return left.aggregate == Aggregate::kMin;
  return false;
}

class Compiler {
 public:
  explicit Compiler(Program& program) : program_(program) {}

  // `back`: how much earlier it is asked for, `windows`: so many of its own windows more; `reach`:
  // what prev and look-backs around it add.
  int add(const Expr& expr, Ms back, int windows, Ms reach) {
    Node node;
    node.expr = &expr;
    node.uses_from = static_cast<int>(program_.uses.size());
    if (expr.kind == Kind::kAggregate || expr.kind == Kind::kEvent) {
      node.use = node.uses_from;
      add_use(expr, back, windows, reach);
    } else if (expr.kind == Kind::kBaseline || expr.kind == Kind::kZscore) {
      const Ms look_back = expr.look_back.count();
      node.longest = std::max<Ms>(1, longest(expr.operands[0]));
      const Ms deepest = look_back / node.longest * node.longest;
      node.left = add(expr.operands[0], back + deepest, windows, reach + look_back);
    } else {
      const bool prev = expr.kind == Kind::kPrev;
      if (!expr.operands.empty())
        node.left = add(expr.operands[0], back, windows + (prev ? 1 : 0), reach);
      if (is_comparison(expr.kind) && program_.compared < 0) program_.compared = node.left;
      if (expr.operands.size() > 1) node.right = add(expr.operands[1], back, windows, reach);
    }
    node.uses_to = static_cast<int>(program_.uses.size());
    program_.nodes.push_back(node);
    return static_cast<int>(program_.nodes.size()) - 1;
  }

 private:
  static Ms longest(const Expr& expr) {
    Ms most = expr.kind == Kind::kAggregate ? expr.selector.window.count() : 0;
    for (const Expr& operand : expr.operands) most = std::max(most, longest(operand));
    return most;
  }

  void add_use(const Expr& expr, Ms back, int windows, Ms reach) {
    Use use;
    use.expr = &expr;
    use.window = expr.selector.window.count();
    use.offset = expr.selector.offset.count();
    use.deepest = use.offset + back + windows * use.window;
    if (is_event_condition(expr)) {
      program_.on_event = true;
    } else {
      use.buckets = buckets_of(expr.aggregate);
      use.bucket = bucket_length(expr.aggregate, use.window);
    }
    program_.has_windows |= use.window > 0;
    program_.reach =
        std::max(program_.reach, use.window + use.offset + windows * use.window + reach);
    program_.uses.push_back(use);
  }

  Program& program_;
};

}  // namespace

Ms Use::horizon(Ms now) const {
  if (!has_buckets()) return now - window;
  return (floor_div(now - deepest, bucket) - buckets) * bucket;
}

std::int64_t buckets_of(Aggregate aggregate) { return aggregate == Aggregate::kQuantile ? 12 : 60; }

Ms bucket_length(Aggregate aggregate, Ms window) {
  const Ms buckets = buckets_of(aggregate);
  return std::max<Ms>(1, (window + buckets - 1) / buckets);
}

bool is_event_condition(const Expr& expr) {
  return expr.kind == Kind::kEvent ||
         (expr.kind == Kind::kAggregate &&
          (expr.aggregate == Aggregate::kNew || expr.aggregate == Aggregate::kChanged));
}

Program compile(const Expr& expr) {
  Program program;
  Compiler(program).add(expr, 0, 0, 0);
  program.eager = !program.on_event && is_eager(expr);
  return program;
}

}  // namespace kcloud::rules
