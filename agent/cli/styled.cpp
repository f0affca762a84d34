#include "agent/cli/styled.h"

#include <locale.h>

#include <algorithm>
#include <cwchar>
#include <utility>

namespace kcloud::cli {
namespace {

constexpr std::string_view kGap = "  ";

// The C library knows which characters are wide, in a UTF-8 locale only. Made once, as that costs
// more than all the text; C.UTF-8 is part of glibc.
locale_t utf8() {
  static const locale_t locale = newlocale(LC_CTYPE_MASK, "C.UTF-8", nullptr);
  return locale;
}

// The calling thread's locale, for the object's life.
class Utf8Locale {
 public:
  Utf8Locale() : before_(uselocale(utf8())) {}
  ~Utf8Locale() { uselocale(before_); }
  Utf8Locale(const Utf8Locale&) = delete;
  Utf8Locale& operator=(const Utf8Locale&) = delete;

 private:
  locale_t before_;
};

struct Character {
  std::string_view bytes;
  std::size_t width;
};

// Takes the first character off `text`, as it will be shown.
Character take_character(std::string_view& text) {
  wchar_t wide = 0;
  std::mbstate_t state{};
  const std::size_t length = std::mbrtowc(&wide, text.data(), text.size(), &state);
  if (length == static_cast<std::size_t>(-1) || length == static_cast<std::size_t>(-2)) {
    text.remove_prefix(1);
    return {"?", 1};
  }
  const std::string_view bytes = text.substr(0, std::max<std::size_t>(length, 1));
  text.remove_prefix(bytes.size());
  const int width = length == 0 ? -1 : wcwidth(wide);
  if (width < 0) return {" ", 1};
  return {bytes, static_cast<std::size_t>(width)};
}

std::string_view code(Style style) {
  switch (style) {
    case Style::kDim:
      return "\x1b[2m";
    case Style::kBold:
      return "\x1b[1m";
    case Style::kTitle:
      return "\x1b[1;36m";
    case Style::kGood:
      return "\x1b[32m";
    case Style::kWarning:
      return "\x1b[33m";
    case Style::kBad:
      return "\x1b[1;31m";
    case Style::kPlain:
      break;
  }
  return {};
}

std::size_t total(const std::vector<std::size_t>& widths) {
  std::size_t sum = widths.empty() ? 0 : kGap.size() * (widths.size() - 1);
  for (const std::size_t width : widths) sum += width;
  return sum;
}

std::vector<std::size_t> natural_widths(const std::vector<Column>& columns,
                                        const std::vector<Line>& rows) {
  std::vector<std::size_t> widths;
  for (std::size_t i = 0; i < columns.size(); ++i) {
    std::size_t width = display_width(columns[i].title);
    for (const Line& row : rows) width = std::max(width, display_width(row[i].text));
    widths.push_back(width);
  }
  return widths;
}

// Takes what is too much from the columns that give way; false when that is not enough.
bool squeeze(const std::vector<Column>& columns, std::vector<std::size_t>& widths,
             std::size_t width) {
  for (std::size_t i = columns.size(); i-- > 0 && total(widths) > width;) {
    if (columns[i].least == 0 || widths[i] <= columns[i].least) continue;
    widths[i] -= std::min(widths[i] - columns[i].least, total(widths) - width);
  }
  return total(widths) <= width;
}

Line row_of(const std::vector<Column>& columns, const std::vector<std::size_t>& widths, Line cells,
            bool title) {
  Line out;
  for (std::size_t i = 0; i < columns.size(); ++i) {
    if (i > 0) out.push_back({std::string(kGap)});
    out.push_back(
        {pad(cells[i].text, widths[i], columns[i].right), title ? Style::kTitle : cells[i].style});
  }
  return out;
}

}  // namespace

std::size_t display_width(std::string_view text) {
  const Utf8Locale locale;
  std::size_t width = 0;
  while (!text.empty()) width += take_character(text).width;
  return width;
}

std::string fit(std::string_view text, std::size_t width) {
  const Utf8Locale locale;
  std::string out;
  std::size_t used = 0;
  std::size_t room = 0;  // bytes of `out` that leave a column for `…`
  while (!text.empty()) {
    const Character character = take_character(text);
    if (used + character.width > width) {
      return width == 0 ? std::string() : out.substr(0, room) + "…";
    }
    used += character.width;
    out += character.bytes;
    if (used < width) room = out.size();
  }
  return out;
}

std::string pad(std::string_view text, std::size_t width, bool to_the_right) {
  std::string out = fit(text, width);
  const std::string blank(width - std::min(width, display_width(out)), ' ');
  return to_the_right ? blank + out : out + blank;
}

std::size_t display_width(const Line& line) {
  std::size_t width = 0;
  for (const Span& span : line) width += display_width(span.text);
  return width;
}

Line cut(const Line& line, std::size_t width) {
  Line out;
  for (const Span& span : line) {
    out.push_back({fit(span.text, width), span.style});
    if (out.back().text.empty()) out.pop_back();
    width -= std::min(width, display_width(span.text));
  }
  return out;
}

std::string to_terminal(const Line& line, bool colours) {
  std::string out;
  for (const Span& span : line) {
    const std::string_view on = colours ? code(span.style) : std::string_view();
    out += on;
    out += span.text;
    if (!on.empty()) out += "\x1b[0m";
  }
  return out;
}

std::vector<Line> flow(const std::vector<Line>& pieces, std::size_t width, std::size_t max_lines) {
  std::vector<Line> out;
  std::size_t used = 0;
  for (const Line& piece : pieces) {
    const std::size_t needed = display_width(piece);
    if (out.empty() || used + kGap.size() + needed > width) {
      if (out.size() == max_lines) break;
      out.emplace_back();
      used = 0;
    } else {
      out.back().push_back({std::string(kGap)});
      used += kGap.size();
    }
    out.back().insert(out.back().end(), piece.begin(), piece.end());
    used += needed;
  }
  return out;
}

std::vector<Line> table(std::vector<Column> columns, std::vector<Line> rows, std::size_t width) {
  std::vector<std::size_t> widths = natural_widths(columns, rows);
  while (!squeeze(columns, widths, width)) {
    const auto last =
        std::max_element(columns.rbegin(), columns.rend(),
                         [](const auto& a, const auto& b) { return a.rank < b.rank; });
    if (last->rank == 0) break;
    const auto index = std::distance(columns.begin(), last.base()) - 1;
    columns.erase(columns.begin() + index);
    for (Line& row : rows) row.erase(row.begin() + index);
    widths = natural_widths(columns, rows);
  }
  Line titles;
  for (const Column& column : columns) titles.push_back({column.title});
  std::vector<Line> out = {row_of(columns, widths, std::move(titles), true)};
  for (Line& row : rows) out.push_back(row_of(columns, widths, std::move(row), false));
  return out;
}

}  // namespace kcloud::cli
