#include "rules/lexer.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>

#include "core/time.h"

namespace kcloud::rules {
namespace {

constexpr std::array<std::string_view, 26> kSymbols{
    "==", "!=", ">=", "<=", "=~", "!~", "=", ">", "<", "+",  "-",  "*", "/",
    "%",  "(",  ")",  "{",  "}",  "[",  "]", ",", ".", "&&", "||", "!", "@"};

bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_letter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_'; }
bool is_white(char c) { return c == ' ' || c == '\t' || c == '\n' || c == '\r'; }

class Lexer {
 public:
  explicit Lexer(std::string_view text) : text_(text) {}

  // Throws SyntaxError.
  Token next() {
    while (at_ < text_.size() && is_white(text_[at_])) ++at_;
    Token token;
    token.begin = at_;
    if (at_ < text_.size()) {
      read(token, text_[at_]);
    } else {
      // What is missing at the end is missing behind the last word, not behind the white space.
      token.begin = text_.find_last_not_of(" \t\r\n") + 1;
    }
    token.end = std::max(at_, token.begin);
    return token;
  }

 private:
  void read(Token& token, char first) {
    if (is_digit(first)) return read_number(token);
    if (first == '"' || first == '\'' || first == '`') return read_string(token, first);
    const bool at = first == '@' && is_letter(peek(1));
    if (is_letter(first) || at) {
      if (at) ++at_;
      token.kind = at ? Token::Kind::kAt : Token::Kind::kName;
      const std::size_t begin = at_;
      while (is_letter(peek(0)) || is_digit(peek(0))) ++at_;
      token.text = text_.substr(begin, at_ - begin);
      return;
    }
    const auto rest = text_.substr(at_);
    const auto symbol = std::find_if(kSymbols.begin(), kSymbols.end(),
                                     [&](auto candidate) { return rest.starts_with(candidate); });
    if (symbol == kSymbols.end())
      throw SyntaxError{at_, fmt::format("unexpected '{}'", character())};
    token.kind = Token::Kind::kSymbol;
    token.text = *symbol;
    at_ += symbol->size();
  }

  char peek(std::size_t ahead) const {
    return at_ + ahead < text_.size() ? text_[at_ + ahead] : '\0';
  }

  // The whole UTF-8 character here.
  std::string_view character() const {
    std::size_t end = at_ + 1;
    while (end < text_.size() && (static_cast<unsigned char>(text_[end]) & 0xC0) == 0x80) ++end;
    return text_.substr(at_, end - at_);
  }

  void read_number(Token& token) {
    const std::size_t begin = at_;
    const auto sign_of_exponent = [&] {
      return (peek(0) == '+' || peek(0) == '-') && is_digit(peek(1)) &&
             (text_[at_ - 1] == 'e' || text_[at_ - 1] == 'E');
    };
    while (is_digit(peek(0)) || is_letter(peek(0)) || (peek(0) == '.' && is_digit(peek(1))) ||
           (at_ > begin && sign_of_exponent()))
      ++at_;
    if (peek(0) == '%') ++at_;
    const auto word = text_.substr(begin, at_ - begin);
    if (const auto number = parse_number(word)) {
      token.kind = Token::Kind::kNumber;
      token.number = *number;
      token.percent = word.ends_with('%');
    } else if (const auto duration = parse_duration(word)) {
      token.kind = Token::Kind::kDuration;
      token.duration = *duration;
    } else {
      throw SyntaxError{
          begin, fmt::format("'{}' is neither a number (1.5, 1e3, 30%) nor a duration (90s, 1h30m)",
                             word.substr(0, 60))};
    }
  }

  void read_string(Token& token, char quote) {
    token.kind = Token::Kind::kString;
    const std::size_t begin = at_++;
    while (at_ < text_.size() && text_[at_] != quote) {
      if (text_[at_] == '\\' && quote != '`')
        token.text += escaped();
      else
        token.text += text_[at_++];
    }
    if (at_ >= text_.size()) throw SyntaxError{begin, "this text does not end: no closing quote"};
    ++at_;
  }

  char escaped() {
    constexpr std::string_view kFrom = "\\\"'ntr";
    constexpr std::string_view kTo = "\\\"'\n\t\r";
    const std::size_t which = kFrom.find(peek(1));
    if (which == kFrom.npos || peek(1) == '\0')
      throw SyntaxError{
          at_, "unknown escape; write \\\\ for a backslash, or the text between backticks"};
    at_ += 2;
    return kTo[which];
  }

  std::string_view text_;
  std::size_t at_ = 0;
};

}  // namespace

std::vector<Token> split(std::string_view text, std::optional<SyntaxError>& error) {
  std::vector<Token> tokens;
  Lexer lexer(text);
  try {
    do {
      tokens.push_back(lexer.next());
    } while (tokens.back().kind != Token::Kind::kEnd);
  } catch (SyntaxError& fault) {
    error = std::move(fault);
  }
  return tokens;
}

std::optional<Duration> parse_duration(std::string_view text) {
  const auto duration = core::parse_duration(text);
  if (!duration) return std::nullopt;
  return std::chrono::floor<Duration>(*duration);
}

std::optional<double> parse_number(std::string_view text) {
  const bool percent = text.ends_with('%');
  if (percent) text.remove_suffix(1);
  double number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  const bool whole = error == std::errc() && end == text.data() + text.size();
  if (!whole || text.empty() || !is_digit(text.front()) || !std::isfinite(number))
    return std::nullopt;
  return percent ? number / 100 : number;
}

bool is_name(std::string_view text) {
  return !text.empty() && is_letter(text.front()) &&
         std::all_of(text.begin(), text.end(), [](char c) { return is_letter(c) || is_digit(c); });
}

}  // namespace kcloud::rules
