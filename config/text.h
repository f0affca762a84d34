// A text of a YAML file that knows where each of its bytes stands there, so that a problem within
// it can be named by line and column. Plain values.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace kcloud::config {

// 1-based, columns in bytes; line 0: the file as a whole.
struct Place {
  int line = 0;
  int column = 0;

  bool operator==(const Place&) const = default;
};

// A file's text, by lines.
class Source {
 public:
  explicit Source(std::string text);

  const std::string& text() const { return text_; }
  std::size_t offset(Place place) const;  // of what lies behind the end: the end
  Place place(std::size_t offset) const;
  std::string_view line(int number) const;  // without its end; empty when there is none

 private:
  std::string text_;
  std::vector<std::size_t> starts_;  // of its lines
};

// A scalar of any style: plain, quoted, `|` or `>`, over one line or several.
class Text {
 public:
  Text() = default;
  Text(std::string value, Place start, std::shared_ptr<const Source> source);

  const std::string& value() const { return value_; }
  bool is_read() const { return source_ != nullptr; }  // also an empty one
  // Where the value begins: its quote or its `|`.
  Place start() const { return start_; }
  // Of the value's byte at `offset`; its size stands for what follows the last one. White space
  // stands where its run begins.
  Place place(std::size_t offset) const;

 private:
  std::string value_;
  Place start_;
  std::shared_ptr<const Source> source_;
  std::vector<std::uint32_t> offsets_;  // in the source, of each byte and of the end
};

}  // namespace kcloud::config
