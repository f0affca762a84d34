#include "config/text_check.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstdint>

namespace kcloud::config {
namespace {

constexpr std::size_t kMaxText = 4 << 20;
// yaml-cpp keeps every token of a line that begins with an open bracket until it knows whether the
// bracket is a key.
constexpr std::size_t kMaxLine = 64 << 10;
constexpr int kMaxOpen = 64;
constexpr std::size_t kMaxShown = 60;

// Length of the UTF-8 character at the front of `text`; 0 when it is none (RFC 3629).
std::size_t character_length(std::string_view text) {
  const auto byte = [&](std::size_t i) { return static_cast<std::uint8_t>(text[i]); };
  const std::uint8_t lead = byte(0);
  if (lead < 0x80) return 1;
  const std::size_t length = lead >= 0xF0 ? 4 : lead >= 0xE0 ? 3 : 2;
  if (lead < 0xC2 || lead > 0xF4 || text.size() < length) return 0;
  for (std::size_t i = 1; i < length; ++i)
    if ((byte(i) & 0xC0) != 0x80) return 0;
  const bool overlong = (lead == 0xE0 && byte(1) < 0xA0) || (lead == 0xF0 && byte(1) < 0x90);
  const bool beyond = (lead == 0xED && byte(1) > 0x9F) || (lead == 0xF4 && byte(1) > 0x8F);
  return overlong || beyond ? 0 : length;
}

bool is_control(char c) {
  const auto byte = static_cast<std::uint8_t>(c);
  return byte == 0x7F || (byte < 0x20 && c != '\t' && c != '\n' && c != '\r');
}

}  // namespace

std::optional<TextFault> check_text(std::string_view text) {
  if (text.size() > kMaxText)
    return TextFault{0, 0, fmt::format("{} bytes long, at most {}", text.size(), kMaxText)};
  int line = 1;
  int open = 0;
  std::size_t start = 0;
  for (std::size_t i = 0; i < text.size();) {
    const auto fault = [&](std::string message) {
      return TextFault{line, static_cast<int>(i - start) + 1, std::move(message)};
    };
    const char c = text[i];
    const std::size_t length = character_length(text.substr(i, 4));
    if (length == 0) return fault("no UTF-8");
    if (is_control(c))
      return fault(fmt::format("control character 0x{:02x}", static_cast<std::uint8_t>(c)));
    if (i - start >= kMaxLine) return fault(fmt::format("a line longer than {} bytes", kMaxLine));
    if (c == '[' || c == '{') ++open;
    if ((c == ']' || c == '}') && open > 0) --open;
    if (open > kMaxOpen) return fault(fmt::format("nested deeper than {}", kMaxOpen));
    i += length;
    if (c != '\n') continue;
    ++line;
    open = 0;
    start = i;
  }
  return std::nullopt;
}

std::string shown(std::string_view text) {
  std::string out;
  while (!text.empty() && out.size() < kMaxShown) {
    const std::size_t length = std::max<std::size_t>(1, character_length(text));
    out += is_control(text[0]) || text[0] == '\n' || text[0] == '\r' ? std::string_view("?")
                                                                     : text.substr(0, length);
    text.remove_prefix(length);
  }
  return text.empty() ? out : out + "…";
}

}  // namespace kcloud::config
