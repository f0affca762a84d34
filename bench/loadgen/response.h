// Reads HTTP/1.1 responses with Content-Length out of a byte stream, as far as a load generator
// needs. A pure state machine; memory is reused from one response to the next.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace kcloud::bench {

class ResponseParser {
 public:
  enum class State : std::uint8_t { kIncomplete, kComplete, kBroken };

  // Bytes after the end of a complete response are kept for the next one.
  State feed(std::string_view bytes);

  int status() const { return status_; }
  std::string_view body() const { return std::string_view(buffer_).substr(body_at_, body_size_); }
  // Value of a header, blanks trimmed; empty when absent. `name` in lower case.
  std::string_view header(std::string_view name) const;
  bool keep_alive() const;
  void next();  // forgets the complete response

 private:
  bool parse_head();

  std::string buffer_;
  std::size_t body_at_ = 0;  // 0: head not complete
  std::size_t body_size_ = 0;
  int status_ = 0;
};

// Appends the ids of an answer's `"ids":[…]` to `out`, a line each; returns how many.
std::size_t append_ids(std::string_view body, std::string& out);

}  // namespace kcloud::bench
