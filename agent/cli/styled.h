// Lines of text for a terminal: their width in columns (a Korean syllable takes two), cut and
// padded to it, with colours or without. Pure.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace kcloud::cli {

enum class Style : std::uint8_t { kPlain, kDim, kBold, kTitle, kGood, kWarning, kBad };

struct Span {
  std::string text;
  Style style = Style::kPlain;
};
using Line = std::vector<Span>;

// Columns that UTF-8 text takes. Bytes that are no UTF-8 take one each, as fit() shows them.
std::size_t display_width(std::string_view text);
// At most `width` columns of it; `…` stands for what was cut. Control characters become spaces and
// bytes that are no UTF-8 become `?`.
std::string fit(std::string_view text, std::size_t width);
// Exactly `width` columns.
std::string pad(std::string_view text, std::size_t width, bool to_the_right = false);

std::size_t display_width(const Line& line);
// At most its first `width` columns.
Line cut(const Line& line, std::size_t width);
// As bytes for a terminal.
std::string to_terminal(const Line& line, bool colours);

// Pieces side by side with two spaces between, as many on a line as fit, on at most `max_lines`.
std::vector<Line> flow(const std::vector<Line>& pieces, std::size_t width, std::size_t max_lines);

struct Column {
  std::string title;
  bool right = true;      // aligned
  int rank = 0;           // those of the highest rank are left out first; 0: never
  std::size_t least = 0;  // gives way down to this width before a column is left out; 0: does not
};
// A title and the rows. Each row has a span for each column.
std::vector<Line> table(std::vector<Column> columns, std::vector<Line> rows, std::size_t width);

}  // namespace kcloud::cli
