#include "collectors/file/splitter.h"

namespace kcloud::file {

// A file that was truncated under a writer that does not append begins with a hole, and one after a
// power cut may hold one.
void Splitter::skip_nuls() {
  while (at_ < text_.size() && text_[at_] == '\0') ++at_;
}

std::optional<Splitter::Line> Splitter::cut(std::size_t end, std::size_t behind) {
  Line line{text_.substr(at_, end - at_), at_, end - at_ > max_line_};
  at_ = behind;
  if (line.too_long) {
    line.text = line.text.substr(0, max_line_);
  } else if (line.text.ends_with('\r')) {
    line.text.remove_suffix(1);
  }
  if (line.text.empty()) return std::nullopt;
  return line;
}

std::optional<Splitter::Line> Splitter::next() {
  while (at_ < text_.size()) {
    if (!skipping_) skip_nuls();
    const std::size_t end = text_.find('\n', at_);
    if (end == std::string_view::npos) {
      if (skipping_) {
        at_ = text_.size();
      } else if (text_.size() - at_ > max_line_) {
        skipping_ = true;
        return cut(text_.size(), text_.size());
      }
      return std::nullopt;
    }
    if (skipping_) {
      skipping_ = false;
      at_ = end + 1;
    } else if (const auto line = cut(end, end + 1)) {
      return line;
    }
  }
  return std::nullopt;
}

std::optional<Splitter::Line> Splitter::rest() {
  if (skipping_) at_ = text_.size();
  skipping_ = false;
  skip_nuls();
  if (at_ == text_.size()) return std::nullopt;
  return cut(text_.size(), text_.size());
}

}  // namespace kcloud::file
