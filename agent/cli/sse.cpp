#include "agent/cli/sse.h"

#include <algorithm>
#include <charconv>

namespace kcloud::cli {

void SseParser::feed(std::string_view bytes, const Sink& sink) {
  while (!bytes.empty()) {
    if (after_cr_) {
      after_cr_ = false;
      if (bytes.front() == '\n') {
        bytes.remove_prefix(1);
        continue;
      }
    }
    const std::size_t end = bytes.find_first_of("\r\n");
    line_.append(bytes.substr(0, end));
    if (end == std::string_view::npos) return;
    after_cr_ = bytes[end] == '\r';
    bytes.remove_prefix(end + 1);
    end_line(sink);
    line_.clear();
  }
}

void SseParser::reset() {
  line_.clear();
  type_.clear();
  data_.clear();
  id_ = last_id_;
  after_cr_ = false;
  first_line_ = true;
}

void SseParser::end_line(const Sink& sink) {
  std::string_view line = line_;
  if (first_line_ && line.starts_with("\xEF\xBB\xBF")) line.remove_prefix(3);
  first_line_ = false;
  if (line.empty()) {
    dispatch(sink);
    return;
  }
  const std::size_t colon = line.find(':');
  std::string_view value =
      colon == std::string_view::npos ? std::string_view() : line.substr(colon + 1);
  if (value.starts_with(' ')) value.remove_prefix(1);
  field(line.substr(0, colon), value);
}

void SseParser::field(std::string_view name, std::string_view value) {
  if (name == "event") {
    type_ = value;
  } else if (name == "data") {
    data_.append(value).push_back('\n');
  } else if (name == "id") {
    if (value.find('\0') == std::string_view::npos) id_ = value;
  } else if (name == "retry") {
    std::uint32_t ms = 0;
    const auto result = std::from_chars(value.data(), value.data() + value.size(), ms);
    if (result.ec == std::errc() && result.ptr == value.data() + value.size()) {
      retry_ = std::chrono::milliseconds(ms);
    }
  }
}

void SseParser::dispatch(const Sink& sink) {
  last_id_ = id_;
  if (!data_.empty()) {
    data_.pop_back();
    sink({type_.empty() ? "message" : type_, data_, last_id_});
  }
  data_.clear();
  type_.clear();
}

}  // namespace kcloud::cli
