// Server-sent events out of a byte stream (WHATWG HTML, "Parsing an event stream"). A pure state
// machine: bytes may be cut anywhere.
#pragma once

#include <chrono>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

namespace kcloud::cli {

struct SseEvent {
  std::string type;  // `message` when the stream names none
  std::string data;
  std::string id;  // last id seen, of this event or an earlier one
};

class SseParser {
 public:
  using Sink = std::function<void(const SseEvent&)>;

  void feed(std::string_view bytes, const Sink& sink);
  // A new connection: what was cut off is forgotten, the last id stays.
  void reset();

  const std::string& last_id() const { return last_id_; }
  // What the server asked for with `retry:`.
  std::optional<std::chrono::milliseconds> retry() const { return retry_; }

 private:
  void end_line(const Sink& sink);
  void field(std::string_view name, std::string_view value);
  void dispatch(const Sink& sink);

  std::string line_;
  bool after_cr_ = false;
  bool first_line_ = true;
  std::string type_, data_, id_, last_id_;
  std::optional<std::chrono::milliseconds> retry_;
};

}  // namespace kcloud::cli
