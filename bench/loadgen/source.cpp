#include "bench/loadgen/source.h"

#include <charconv>
#include <limits>
#include <stdexcept>

namespace kcloud::bench {
namespace {

std::string head(const Target& target, const std::string& method, const std::string& path) {
  std::string text = method + " " + path + " HTTP/1.1\r\nHost: " + target.host + ":" +
                     std::to_string(target.port) + "\r\n";
  if (!target.token.empty()) text += "Authorization: Bearer " + target.token + "\r\n";
  return text;
}

}  // namespace

Target parse_target(const std::string& text) {
  std::string_view rest = text;
  Target target;
  if (rest.starts_with("http://")) rest.remove_prefix(7);
  if (rest.starts_with("https://")) {
    rest.remove_prefix(8);
    target.tls = true;
  }
  while (rest.ends_with('/')) rest.remove_suffix(1);
  const std::size_t colon = rest.rfind(':');
  if (colon == std::string_view::npos) throw std::invalid_argument(text + ": expected HOST:PORT");
  target.host = rest.substr(0, colon);
  const std::string_view port = rest.substr(colon + 1);
  if (std::from_chars(port.data(), port.data() + port.size(), target.port).ec != std::errc()) {
    throw std::invalid_argument(text + ": expected HOST:PORT");
  }
  return target;
}

PostSource::PostSource(const Target& target, const std::string& path, std::size_t batch,
                       std::uint32_t run, std::uint64_t limit)
    : body_(run),
      batch_(batch),
      left_(limit == 0 ? std::numeric_limits<std::uint64_t>::max() : limit) {
  std::string events = batch > 1 ? "[" : "";
  for (std::size_t i = 0; i < batch; ++i) events.append(i > 0 ? "," : "").append(body_.text());
  if (batch > 1) events += ']';
  rendered_ = head(target, "POST", path) +
              "Content-Type: application/json\r\nContent-Length: " + std::to_string(events.size()) +
              "\r\n\r\n";
  first_at_ = rendered_.size() + (batch > 1 ? 1 : 0);
  rendered_ += events;
}

bool PostSource::next(std::string& request) {
  if (left_ == 0) return false;
  --left_;
  if (request.empty()) request = rendered_;
  const std::string_view time = time_.at(unix_ms_now());
  char* at = request.data() + first_at_;
  for (std::size_t i = 0; i < batch_; ++i, at += body_.size() + 1) body_.patch(at, number_++, time);
  return true;
}

GetSource::GetSource(const Target& target, std::vector<std::string> paths, bool repeat)
    : target_(target), paths_(std::move(paths)), repeat_(repeat) {}

bool GetSource::next(std::string& request) {
  if (at_ == paths_.size() && repeat_) at_ = 0;
  if (at_ == paths_.size()) return false;
  request = head(target_, "GET", paths_[at_++]) + "\r\n";
  return true;
}

}  // namespace kcloud::bench
