// The event every benchmark uses: a scheduling decision as the platform's scheduler posts it, of
// which no two are equal. A body is made by a copy and a few digits written over it, so that a
// generator costs far less than what it measures.
//
// Pure; one instance may be shared by threads.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace kcloud::bench {

// `2026-01-01T00:00:00.000Z`, made anew only when the millisecond changes.
class TimeText {
 public:
  static constexpr std::size_t kLength = 24;
  // Milliseconds since 1970.
  std::string_view at(std::int64_t unix_ms);

 private:
  std::int64_t ms_ = -1;
  std::int64_t second_ = -1;
  char text_[32] = {};
};

class BodyTemplate {
 public:
  // `run` keeps the events of two runs apart.
  explicit BodyTemplate(std::uint32_t run);

  std::size_t size() const { return text_.size(); }
  const std::string& text() const { return text_; }
  // Writes event number `number` of time `time` over the copy of text() at `at`.
  void patch(char* at, std::uint64_t number, std::string_view time) const;

 private:
  std::string text_;
  std::size_t time_at_;
  std::size_t trace_at_;
  std::size_t workload_at_;
  std::size_t cluster_at_;
};

inline std::int64_t unix_ms_now() {
  return std::chrono::duration_cast<std::chrono::milliseconds>(
             std::chrono::system_clock::now().time_since_epoch())
      .count();
}

}  // namespace kcloud::bench
