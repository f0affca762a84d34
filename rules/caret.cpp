#include <algorithm>
#include <cstdint>

#include "core/utf8.h"
#include "rules/load.h"

namespace kcloud::rules {
namespace {

constexpr std::size_t kMaxBefore = 120;  // bytes of the line shown before and behind the place
constexpr std::size_t kMaxBehind = 80;

struct Character {
  std::string_view bytes;  // as they are shown
  std::size_t length;      // in the line
  int columns;
};

std::uint32_t code_point(std::string_view bytes) {
  std::uint32_t code = static_cast<std::uint8_t>(bytes[0]);
  code &= bytes.size() == 1 ? 0x7F : 0xFFu >> (bytes.size() + 1);
  for (const char c : bytes.substr(1)) code = code << 6 | (static_cast<std::uint8_t>(c) & 0x3F);
  return code;
}

// Columns that terminals give a character (Unicode's East Asian width, its blocks).
int columns_of(std::uint32_t code) {
  const auto within = [code](std::uint32_t first, std::uint32_t last) {
    return code >= first && code <= last;
  };
  if (within(0x0300, 0x036F) || within(0x200B, 0x200F) || within(0xFE00, 0xFE0F)) return 0;
  const bool wide = within(0x1100, 0x115F) || within(0x2E80, 0xA4CF) || within(0xA960, 0xA97F) ||
                    within(0xAC00, 0xD7A3) || within(0xF900, 0xFAFF) || within(0xFE30, 0xFE6F) ||
                    within(0xFF00, 0xFF60) || within(0xFFE0, 0xFFE6) || within(0x1F300, 0x1FAFF) ||
                    within(0x20000, 0x3FFFD);
  return wide ? 2 : 1;
}

Character character_at(std::string_view text) {
  const auto lead = static_cast<std::uint8_t>(text[0]);
  const std::size_t length = lead < 0xC0 ? 1 : lead < 0xE0 ? 2 : lead < 0xF0 ? 3 : 4;
  if (text.size() < length || !core::is_utf8(text.substr(0, length))) return {"?", 1, 1};
  if (text[0] == '\t') return {"\t", 1, 1};
  if (lead < 0x20 || lead == 0x7F) return {" ", 1, 1};
  const auto bytes = text.substr(0, length);
  return {bytes, length, columns_of(code_point(bytes))};
}

bool is_inside_character(char c) { return (static_cast<std::uint8_t>(c) & 0xC0) == 0x80; }

}  // namespace

std::string with_line(const config::Problem& problem, std::string_view text) {
  std::string out = problem.to_string();
  if (problem.line < 1 || problem.column < 1) return out;
  for (int line = 1; line < problem.line; ++line) {
    const std::size_t end = text.find('\n');
    if (end == text.npos) return out;
    text.remove_prefix(end + 1);
  }
  text = text.substr(0, text.find('\n'));
  if (text.ends_with('\r')) text.remove_suffix(1);
  const auto place = std::min(static_cast<std::size_t>(problem.column) - 1, text.size());
  std::size_t begin = place > kMaxBefore ? place - kMaxBefore : 0;
  while (begin > 0 && is_inside_character(text[begin])) --begin;
  std::string line = begin > 0 ? "…" : "";
  std::string caret = begin > 0 ? " " : "";
  for (std::size_t at = begin; at < text.size();) {
    if (at > place + kMaxBehind) {
      line += "…";
      break;
    }
    const Character character = character_at(text.substr(at));
    line += character.bytes;
    at += character.length;
    if (at > place) continue;
    if (character.bytes == "\t")
      caret += '\t';
    else
      caret.append(static_cast<std::size_t>(character.columns), ' ');
  }
  return out + "\n" + line + "\n" + caret + "^";
}

}  // namespace kcloud::rules
