#include "bench/loadgen/response.h"

#include <algorithm>
#include <charconv>

namespace kcloud::bench {
namespace {

char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; }

bool equals_lower(std::string_view text, std::string_view wanted) {
  return std::equal(text.begin(), text.end(), wanted.begin(), wanted.end(),
                    [](char a, char b) { return lower(a) == b; });
}

std::string_view trimmed(std::string_view text) {
  const auto from = text.find_first_not_of(" \t");
  return from == std::string_view::npos
             ? std::string_view()
             : text.substr(from, text.find_last_not_of(" \t") - from + 1);
}

template <typename Number>
bool parse(std::string_view text, Number& out) {
  const auto result = std::from_chars(text.data(), text.data() + text.size(), out);
  return result.ec == std::errc() && result.ptr == text.data() + text.size();
}

}  // namespace

ResponseParser::State ResponseParser::feed(std::string_view bytes) {
  buffer_.append(bytes);
  if (body_at_ == 0) {
    const std::size_t end = buffer_.find("\r\n\r\n");
    if (end == std::string::npos) return State::kIncomplete;
    body_at_ = end + 4;
    if (!parse_head()) return State::kBroken;
  }
  return buffer_.size() >= body_at_ + body_size_ ? State::kComplete : State::kIncomplete;
}

bool ResponseParser::parse_head() {
  const std::string_view line = std::string_view(buffer_).substr(0, 12);
  if (!line.starts_with("HTTP/1.") || !parse(line.substr(9), status_)) return false;
  body_size_ = 0;
  if (status_ == 204 || status_ == 304) return true;
  return parse(header("content-length"), body_size_);
}

std::string_view ResponseParser::header(std::string_view name) const {
  std::string_view head = std::string_view(buffer_).substr(0, body_at_);
  for (std::size_t at = head.find("\r\n"); at != std::string_view::npos;) {
    const std::size_t begin = at + 2;
    at = head.find("\r\n", begin);
    const std::string_view line = head.substr(begin, at == std::string_view::npos ? 0 : at - begin);
    const std::size_t colon = line.find(':');
    if (colon != std::string_view::npos && equals_lower(line.substr(0, colon), name)) {
      return trimmed(line.substr(colon + 1));
    }
  }
  return {};
}

bool ResponseParser::keep_alive() const { return !equals_lower(header("connection"), "close"); }

void ResponseParser::next() {
  buffer_.erase(0, body_at_ + body_size_);
  body_at_ = 0;
  body_size_ = 0;
  status_ = 0;
}

std::size_t append_ids(std::string_view body, std::string& out) {
  constexpr std::string_view kKey = "\"ids\":[";
  std::size_t at = body.find(kKey);
  if (at == std::string_view::npos) return 0;
  std::string_view list = body.substr(at + kKey.size());
  list = list.substr(0, list.find(']'));
  std::size_t count = 0;
  while ((at = list.find('"')) != std::string_view::npos) {
    const std::size_t end = list.find('"', at + 1);
    if (end == std::string_view::npos) break;
    out.append(list.substr(at + 1, end - at - 1)).push_back('\n');
    list.remove_prefix(end + 1);
    ++count;
  }
  return count;
}

}  // namespace kcloud::bench
