// What a text must be before a parser may see it, and how text is quoted in messages. Pure.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace kcloud::config {

struct TextFault {
  int line = 0;  // 1-based; 0: the whole text
  int column = 0;
  std::string message;
};

// Size, UTF-8, control characters, length of lines, brackets a line leaves open: the things that
// cost yaml-cpp memory or that it passes over in silence. One pass, no allocation.
std::optional<TextFault> check_text(std::string_view text);

// `text` for a message: control characters as `?`, cut after 60 bytes at a character's end.
std::string shown(std::string_view text);

}  // namespace kcloud::config
