// Hexadecimal digits.
#pragma once

namespace kcloud::core {

// 0 to 15; -1 for what is no such digit.
constexpr int hex_value(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  const char small = static_cast<char>(c | 0x20);
  return small >= 'a' && small <= 'f' ? small - 'a' + 10 : -1;
}

}  // namespace kcloud::core
