#include "exporters/http_client/brief.h"

#include <algorithm>

namespace kcloud::http_client {

std::string brief(std::string_view text) {
  constexpr std::size_t kLongest = 400;
  std::size_t end = std::min(text.size(), kLongest);
  while (end < text.size() && end > 0 && (static_cast<unsigned char>(text[end]) & 0xc0) == 0x80)
    --end;
  std::string out(text.substr(0, end));
  std::ranges::replace_if(
      out, [](char c) { return static_cast<unsigned char>(c) < 0x20; }, ' ');
  while (!out.empty() && out.back() == ' ') out.pop_back();
  if (end < text.size()) out += "…";
  return out;
}

}  // namespace kcloud::http_client
