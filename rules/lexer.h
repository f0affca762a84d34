// The words of an expression or filter. Pure.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "rules/rule.h"

namespace kcloud::rules {

struct Token {
  enum class Kind : std::uint8_t {
    kEnd,
    kName,  // also `and`, `in`, …: what a word means depends on where it stands
    kAt,    // `@name`; the text is the name
    kNumber,
    kDuration,
    kString,  // the text is what stands between its quotes, escapes resolved
    kSymbol
  };
  Kind kind = Kind::kEnd;
  std::size_t begin = 0;  // in the text
  std::size_t end = 0;
  std::string text;
  double number = 0;
  bool percent = false;  // `30%`: the number is 0.3
  Duration duration{0};

  bool is(std::string_view word) const {
    return (kind == Kind::kSymbol || kind == Kind::kName) && text == word;
  }
};

struct SyntaxError {
  std::size_t at = 0;  // offset in the text
  std::string message;
};

// All of them and kEnd; up to the first that is none, which is in `error`.
std::vector<Token> split(std::string_view text, std::optional<SyntaxError>& error);

// `5m`, `1h30m`: as core::parse_duration, in whole milliseconds.
std::optional<Duration> parse_duration(std::string_view text);
// `12`, `1.5`, `1e3`, `30%`.
std::optional<double> parse_number(std::string_view text);
bool is_name(std::string_view text);

}  // namespace kcloud::rules
