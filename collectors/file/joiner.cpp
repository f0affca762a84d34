#include "collectors/file/joiner.h"

#include <algorithm>

namespace kcloud::file {

std::optional<Joiner::Line> Joiner::add(const LogRecord& record, std::uint64_t offset,
                                        std::size_t max_line) {
  Stream& stream = streams_[record.from_stderr ? 1 : 0];
  if (!stream.open && !record.partial) {
    const bool too_long = record.text.size() > max_line;
    return Line{record.text.substr(0, max_line), record.time, offset, too_long};
  }
  if (!stream.open) {
    stream.open = true;
    stream.too_long = false;
    stream.time = record.time;
    stream.offset = offset;
    stream.text = {};
  }
  const std::size_t room = max_line - std::min(max_line, stream.text.size());
  stream.text.append(record.text.substr(0, room));
  stream.too_long = stream.too_long || record.text.size() > room;
  if (record.partial) return std::nullopt;
  stream.open = false;
  return Line{stream.text, stream.time, stream.offset, stream.too_long};
}

std::optional<Joiner::Line> Joiner::rest() {
  for (Stream& stream : streams_) {
    if (!stream.open) continue;
    stream.open = false;
    return Line{stream.text, stream.time, stream.offset, stream.too_long};
  }
  return std::nullopt;
}

std::optional<std::uint64_t> Joiner::oldest() const {
  std::optional<std::uint64_t> oldest;
  for (const Stream& stream : streams_) {
    if (stream.open) oldest = std::min(oldest.value_or(stream.offset), stream.offset);
  }
  return oldest;
}

bool Joiner::begins_at(std::uint64_t offset) const {
  return std::any_of(streams_.begin(), streams_.end(),
                     [&](const Stream& stream) { return stream.open && stream.offset == offset; });
}

void Joiner::clear() {
  for (Stream& stream : streams_) stream = {};
}

}  // namespace kcloud::file
