// Finding the parts of a JSON text without parsing it: strings and brackets only. Internal to
// core/.
//
// Linear, no recursion, no allocation; never reads at or behind `end`, whatever the text is.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

namespace kcloud::core {

enum JsonClass : std::uint8_t { kOther, kQuote, kOpen, kClose, kSpace };

constexpr std::array<std::uint8_t, 256> make_json_classes() {
  std::array<std::uint8_t, 256> table{};
  table['"'] = kQuote;
  table['{'] = table['['] = kOpen;
  table['}'] = table[']'] = kClose;
  table[' '] = table['\t'] = table['\n'] = table['\r'] = kSpace;
  return table;
}
inline constexpr auto kJsonClasses = make_json_classes();

inline JsonClass json_class(char c) {
  return static_cast<JsonClass>(kJsonClasses[static_cast<unsigned char>(c)]);
}

inline const char* skip_spaces(const char* at, const char* end) {
  while (at != end && json_class(*at) == kSpace) ++at;
  return at;
}

// Behind the closing quote of the string that opens at `at`; `end` when it does not close.
inline const char* skip_string(const char* at, const char* end) {
  for (++at; at != end; ++at) {
    if (*at == '"') return at + 1;
    if (*at == '\\' && ++at == end) break;
  }
  return end;
}

// Behind the object or array that opens at `at`; nullptr when it does not close.
inline const char* skip_container(const char* at, const char* end) {
  std::size_t depth = 0;
  while (at != end) {
    switch (json_class(*at)) {
      case kQuote:
        at = skip_string(at, end);
        continue;
      case kOpen:
        ++depth;
        break;
      case kClose:
        if (--depth == 0) return at + 1;
        break;
      default:
        break;
    }
    ++at;
  }
  return nullptr;
}

// Behind the value that begins at `at` (no blanks in front); nullptr when there is none or it is an
// object or array that does not close. A number or literal is not looked at closer.
inline const char* skip_value(const char* at, const char* end) {
  if (at == end) return nullptr;
  switch (json_class(*at)) {
    case kQuote:
      return skip_string(at, end);
    case kOpen:
      return skip_container(at, end);
    case kOther:
      while (at != end && json_class(*at) == kOther && *at != ',') ++at;
      return at;
    default:
      return nullptr;
  }
}

}  // namespace kcloud::core
