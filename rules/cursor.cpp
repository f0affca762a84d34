#include "rules/cursor.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

namespace kcloud::rules {
namespace {

constexpr std::size_t kMaxText = 32 << 10;
constexpr std::size_t kMaxShown = 40;
constexpr std::size_t kMaxWritten = 500;

// What stands where something else should, with a hint for habits from other languages.
std::string found(const Token& token) {
  switch (token.kind) {
    case Token::Kind::kEnd:
      return "the end";
    case Token::Kind::kString:
      return fmt::format("the text \"{}\"", token.text.substr(0, kMaxShown));
    case Token::Kind::kAt:
      return fmt::format("'@{}'", token.text.substr(0, kMaxShown));
    case Token::Kind::kNumber:
      return "a number";
    case Token::Kind::kDuration:
      return "a duration";
    default:
      break;
  }
  const std::string_view hint = token.text == "&&" || token.text == "AND"  ? "; write `and`"
                                : token.text == "||" || token.text == "OR" ? "; write `or`"
                                : token.text == "!" || token.text == "NOT" ? "; write `not`"
                                                                           : "";
  return fmt::format("'{}'{}", token.text.substr(0, kMaxShown), hint);
}

}  // namespace

Cursor::Cursor(const config::Text& text, Scope& scope, Budget& budget)
    : text_(text), scope_(scope), budget_(budget) {
  if (text.value().size() > kMaxText)
    broken_ = SyntaxError{0, fmt::format("longer than {} bytes; put values into `lists` and "
                                         "conditions into `filters`",
                                         kMaxText)};
  else
    tokens_ = split(text.value(), broken_);
}

const Token& Cursor::peek(std::size_t ahead) const {
  if (next_ + ahead < tokens_.size()) return tokens_[next_ + ahead];
  if (broken_) throw SyntaxError(*broken_);
  return tokens_.back();
}

Token Cursor::take() {
  Token token = peek();
  if (token.kind != Token::Kind::kEnd) ++next_;
  return token;
}

bool Cursor::accept(std::string_view word) {
  if (!peek().is(word)) return false;
  ++next_;
  return true;
}

void Cursor::expect(std::string_view word) {
  if (!accept(word)) fail_expecting(fmt::format("'{}'", word));
}

void Cursor::fail_expecting(std::string_view what) const {
  fail(peek().begin, fmt::format("expected {}, found {}", what, found(peek())));
}

void Cursor::fail(std::size_t at, std::string message) const {
  throw SyntaxError{at, std::move(message)};
}

std::string Cursor::written(std::size_t begin) const {
  auto token = std::lower_bound(tokens_.begin(), tokens_.end(), begin,
                                [](const Token& t, std::size_t at) { return t.begin < at; });
  std::string out;
  std::size_t end = begin;
  for (; token < tokens_.begin() + static_cast<std::ptrdiff_t>(next_); ++token) {
    if (out.size() > kMaxWritten) return out + " …";
    if (token->begin > end) out += ' ';
    out += std::string_view(text_.value()).substr(token->begin, token->end - token->begin);
    end = token->end;
  }
  return out;
}

Cursor::Level::Level(const Cursor& cursor) : budget_(cursor.budget_) {
  if (budget_.depth >= Budget::kMaxDepth)
    cursor.fail(cursor.peek().begin, fmt::format("nested deeper than {}", Budget::kMaxDepth));
  ++budget_.depth;
}

}  // namespace kcloud::rules
