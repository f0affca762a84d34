#include "agent/cli/record_splitter.h"

#include <algorithm>
#include <array>

namespace kcloud::cli {
namespace {

enum Class : std::uint8_t { kOther, kQuote, kOpen, kClose, kNewline };

constexpr std::array<std::uint8_t, 256> make_classes() {
  std::array<std::uint8_t, 256> table{};
  table['"'] = kQuote;
  table['{'] = table['['] = kOpen;
  table['}'] = table[']'] = kClose;
  table['\n'] = kNewline;
  return table;
}
constexpr auto kClasses = make_classes();

bool is_blank(char c) { return c == ' ' || c == '\t' || c == '\r'; }

}  // namespace

// A record's end, or that there is none yet.
struct RecordSplitter::Found {
  std::size_t end = 0;
  bool whole = false;       // `end` is known
  bool unfinished = false;  // … as the input ended
  std::uint64_t newlines = 0;
};

RecordSplitter::Found RecordSplitter::find(std::string_view text, std::size_t at, bool last) const {
  Found found;
  if (text[at] != '{') {
    const std::size_t newline = text.find('\n', at);
    found.whole = newline != std::string_view::npos || last;
    found.end = std::min(newline, text.size());
    return found;
  }
  std::size_t depth = 0;
  bool in_string = false;
  for (std::size_t i = at; i < text.size(); ++i) {
    const std::uint8_t kind = kClasses[static_cast<unsigned char>(text[i])];
    if (kind == kNewline) {
      // No string goes over a line's end, and no record over a `{` in the first column.
      if (!in_string && i + 1 == text.size()) break;
      if (in_string || text[i + 1] == '{') {
        found.whole = true;
        found.end = i;
        return found;
      }
      found.newlines += 1;
    } else if (in_string) {
      if (text[i] == '\\' && i + 1 < text.size() && text[i + 1] != '\n') {
        ++i;
      } else if (kind == kQuote) {
        in_string = false;
      }
    } else if (kind == kQuote) {
      in_string = true;
    } else if (kind == kOpen) {
      ++depth;
    } else if (kind == kClose && --depth == 0) {
      found.whole = true;
      found.end = i + 1;
      return found;
    }
  }
  found.end = text.size();
  found.whole = found.unfinished = last;
  return found;
}

// Behind the end of the record that is passed over, or of the text.
std::size_t RecordSplitter::pass_over(std::string_view text, std::size_t at) {
  while (at < text.size()) {
    if (newline_before_) {
      newline_before_ = false;
      if (!to_object_ || text[at] == '{') {
        passing_ = false;
        return at;
      }
    }
    const std::size_t newline = text.find('\n', at);
    if (newline == std::string_view::npos) return text.size();
    line_ += 1;
    newline_before_ = true;
    at = newline + 1;
  }
  return at;
}

std::size_t RecordSplitter::split(std::string_view text, bool last, std::size_t limit,
                                  std::vector<Record>& records) {
  std::size_t at = 0;
  for (std::size_t added = 0; added < limit; ++added) {
    if (passing_) at = pass_over(text, at);
    while (at < text.size() && (is_blank(text[at]) || text[at] == '\n')) {
      line_ += text[at++] == '\n' ? 1 : 0;
    }
    if (at == text.size()) break;
    const Found found = find(text, at, last);
    const std::size_t size = (found.whole ? found.end : text.size()) - at;
    if (!found.whole && size <= max_record_) break;
    Record record{at, size, line_, size > max_record_, found.unfinished};
    if (record.too_large) record.size = std::min(record.size, kept_);
    records.push_back(record);
    line_ += found.newlines;
    at += size;
    if (!found.whole) {
      passing_ = true;
      to_object_ = found.newlines > 0;
      newline_before_ = false;
    }
  }
  return at;
}

}  // namespace kcloud::cli
