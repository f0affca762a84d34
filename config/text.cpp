#include "config/text.h"

#include <algorithm>

namespace kcloud::config {
namespace {

bool is_white(char c) { return c == ' ' || c == '\t' || c == '\n' || c == '\r'; }

std::size_t utf8_length(char lead) {
  const auto byte = static_cast<std::uint8_t>(lead);
  return byte < 0xC0 ? 1 : byte < 0xE0 ? 2 : byte < 0xF0 ? 3 : 4;
}

// Walks a scalar as it is written, in step with its value. What YAML folds, cuts and indents is
// white space alone, so that the other characters come in the same order in both.
class Walk {
 public:
  Walk(std::string_view raw, std::size_t start) : raw_(raw), start_(start), at_(start) {
    const char first = peek(0);
    if (first == '"' || first == '\'') {
      quote_ = first;
      ++at_;
    } else if (first == '|' || first == '>') {
      at_ = std::min(raw_.find('\n', at_), raw_.size());
    }
  }

  std::vector<std::uint32_t> offsets(std::string_view value) {
    std::vector<std::uint32_t> out(value.size() + 1, static_cast<std::uint32_t>(start_));
    std::size_t i = 0;
    while (i < value.size()) {
      if (is_white(value[i])) {
        out[i++] = static_cast<std::uint32_t>(at_);
        continue;
      }
      skip_white();
      const bool escape = quote_ == '"' && peek(0) == '\\';
      const bool doubled = quote_ == '\'' && peek(0) == '\'' && peek(1) == '\'';
      if (!escape && peek(0) != value[i]) return out;  // not as expected: the start must do
      const std::size_t bytes = escape ? utf8_length(value[i]) : 1;
      for (std::size_t end = std::min(i + bytes, value.size()); i < end; ++i)
        out[i] = static_cast<std::uint32_t>(at_);
      at_ += escape ? escape_length() : doubled ? 2 : 1;
    }
    out[i] = static_cast<std::uint32_t>(std::min(at_, raw_.size()));
    return out;
  }

 private:
  char peek(std::size_t ahead) const {
    return at_ + ahead < raw_.size() ? raw_[at_ + ahead] : '\0';
  }

  std::size_t escape_length() const {
    const char kind = peek(1);
    return kind == 'x' ? 4 : kind == 'u' ? 6 : kind == 'U' ? 10 : 2;
  }

  void skip_white() {
    while (true) {
      if (is_white(peek(0)))
        ++at_;
      else if (quote_ == '"' && peek(0) == '\\' &&
               std::string_view("ntr \t\n\r").find(peek(1)) != std::string_view::npos)
        at_ += 2;
      else
        return;
    }
  }

  std::string_view raw_;
  std::size_t start_;
  std::size_t at_;
  char quote_ = '\0';
};

}  // namespace

Source::Source(std::string text) : text_(std::move(text)), starts_{0} {
  for (std::size_t end = text_.find('\n'); end != text_.npos; end = text_.find('\n', end + 1))
    starts_.push_back(end + 1);
}

std::size_t Source::offset(Place place) const {
  const auto line = static_cast<std::size_t>(std::max(place.line, 1)) - 1;
  if (line >= starts_.size()) return text_.size();
  return std::min(starts_[line] + static_cast<std::size_t>(std::max(place.column, 1)) - 1,
                  text_.size());
}

Place Source::place(std::size_t offset) const {
  const auto next = std::upper_bound(starts_.begin(), starts_.end(), offset);
  return {static_cast<int>(next - starts_.begin()), static_cast<int>(offset - *(next - 1)) + 1};
}

std::string_view Source::line(int number) const {
  if (number < 1 || static_cast<std::size_t>(number) > starts_.size()) return {};
  std::string_view line =
      std::string_view(text_).substr(starts_[static_cast<std::size_t>(number) - 1]);
  line = line.substr(0, line.find('\n'));
  if (line.ends_with('\r')) line.remove_suffix(1);
  return line;
}

Text::Text(std::string value, Place start, std::shared_ptr<const Source> source)
    : value_(std::move(value)), start_(start), source_(std::move(source)) {
  offsets_ = Walk(source_->text(), source_->offset(start)).offsets(value_);
}

Place Text::place(std::size_t offset) const {
  return offset < offsets_.size() ? source_->place(offsets_[offset]) : start_;
}

}  // namespace kcloud::config
