// A piece of a file into lines. Pure; the views point into the text that it was given.
//
// What is not consumed (a line without its newline) is to be given again, with more behind it.
#pragma once

#include <cstddef>
#include <optional>
#include <string_view>

namespace kcloud::file {

class Splitter {
 public:
  struct Line {
    std::string_view text;  // without newline and carriage return, and NULs in front of it
    std::size_t at = 0;     // where it begins in the text
    bool too_long = false;  // `text` is its beginning; the rest is passed over
  };

  // `skipping`: the text begins inside a line that is to be passed over.
  Splitter(std::string_view text, std::size_t max_line, bool skipping)
      : text_(text), max_line_(max_line), skipping_(skipping) {}

  // nullopt when no further line is complete. Empty lines are not given.
  std::optional<Line> next();
  // The last line of a text behind which nothing follows: it needs no newline.
  std::optional<Line> rest();

  std::size_t consumed() const { return at_; }
  bool skipping() const { return skipping_; }

 private:
  void skip_nuls();
  std::optional<Line> cut(std::size_t end, std::size_t behind);

  std::string_view text_;
  std::size_t max_line_;
  bool skipping_;
  std::size_t at_ = 0;
};

}  // namespace kcloud::file
