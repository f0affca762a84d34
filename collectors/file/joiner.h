// Container logs cut long lines into records; this puts them together again, each of the two
// streams for itself. Pure; memory: at most `max_line` bytes a stream.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "collectors/file/line_format.h"

namespace kcloud::file {

class Joiner {
 public:
  struct Line {
    std::string_view text;  // valid until the next call
    core::Time time;        // of the first record
    std::uint64_t offset;   // where the first record begins
    bool too_long = false;  // `text` is its beginning
  };

  // A line when `record` ends one. `offset`: where the record begins in the file.
  std::optional<Line> add(const LogRecord& record, std::uint64_t offset, std::size_t max_line);
  // What is there of a line whose end will not come; call until it is nullopt.
  std::optional<Line> rest();
  // Where the oldest line begins whose end is missing.
  std::optional<std::uint64_t> oldest() const;
  bool begins_at(std::uint64_t offset) const;
  void clear();

 private:
  struct Stream {
    bool open = false;
    bool too_long = false;
    core::Time time;
    std::uint64_t offset = 0;
    std::string text;
  };

  std::array<Stream, 2> streams_;
};

}  // namespace kcloud::file
