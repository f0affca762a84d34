// Finds the records of a stream of JSON Lines: one object a line, several on a line, or one over
// several lines.
//
// Pure; checks no more JSON than it needs: what is no object is a record too, up to the end of its
// line, and refused by whoever decodes it. A `{` in the first column starts a new record, whatever
// was left open before, so that one broken line costs only itself.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>
#include <vector>

namespace kcloud::cli {

struct Record {
  std::size_t at = 0;  // in the text
  std::size_t size = 0;
  std::uint64_t line = 0;   // of its first byte, from 1
  bool too_large = false;   // only its beginning is here
  bool unfinished = false;  // the input ended inside it
};

class RecordSplitter {
 public:
  // Longer records are cut to `kept` bytes and passed over. `line`: the first line's number.
  RecordSplitter(std::size_t max_record, std::size_t kept, std::uint64_t line)
      : max_record_(max_record), kept_(kept), line_(line) {}

  // Appends at most `limit` records of `text`, and returns how many of its bytes are done with: the
  // others must stand in front of the next text. `last`: nothing comes behind this text.
  std::size_t split(std::string_view text, bool last, std::size_t limit,
                    std::vector<Record>& records);
  std::uint64_t line() const { return line_; }  // where the next text begins

 private:
  struct Found;
  Found find(std::string_view text, std::size_t at, bool last) const;
  std::size_t pass_over(std::string_view text, std::size_t at);

  std::size_t max_record_;
  std::size_t kept_;
  std::uint64_t line_;
  bool passing_ = false;    // inside a record that was too large
  bool to_object_ = false;  // … up to a line that begins with `{`, not only to the end of the line
  bool newline_before_ = false;  // the last text ended with one, while passing
};

}  // namespace kcloud::cli
