// Cuts giant texts out of a Redis answer on its way into the parser, so that a message of 100 MB
// takes no more memory than the largest that could be an event.
//
// A text of more than `limit` bytes becomes one of exactly limit + 1: its beginning, and its true
// size in the last 20 digits. No other text has that length, so original_text() can tell. Follows
// the framing of RESP2 only (lines, and `$<length>` texts); what is malformed passes as it is.
// Pure; state between calls is a few bytes.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace kcloud::redis {

// A text of an answer, and its size before it was cut.
struct Text {
  std::string_view bytes;
  std::uint64_t size = 0;
  bool cut() const { return size != bytes.size(); }
};

class BulkTrimmer {
 public:
  // `limit`: at least 64.
  explicit BulkTrimmer(std::size_t limit) : limit_(limit) {}

  // Passes on what the parser is to see of `input`, in one or more pieces:
  // `emit(std::string_view)`.
  template <typename Emit>
  void feed(std::string_view input, Emit&& emit) {
    while (!input.empty()) {
      const Step step = next(input);
      if (!step.before.empty()) emit(step.before);
      if (!step.instead.empty()) emit(step.instead);
      input.remove_prefix(step.used);
    }
  }

 private:
  enum class State : std::uint8_t { kLineStart, kHeader, kLine, kText, kBeginning, kDropped };
  // `before`: a slice of the input that stays; `instead`: what comes in place of the rest of
  // `used`.
  struct Step {
    std::string_view before, instead;
    std::size_t used = 0;
  };
  Step next(std::string_view input);
  Step line(std::string_view input);
  void begin_text(std::uint64_t size);

  const std::size_t limit_;
  State state_ = State::kLineStart;
  std::uint64_t left_ = 0;     // of the text, or of its beginning
  std::uint64_t dropped_ = 0;  // behind the beginning
  std::uint64_t size_ = 0;     // of the text that is being cut
  std::string header_;         // `$<length>`, as far as it came
  std::string instead_;
};

// The text as the trimmer with this limit left it.
Text original_text(std::string_view bytes, std::size_t limit);

}  // namespace kcloud::redis
