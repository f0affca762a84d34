#include "collectors/file/stream.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <utility>

namespace kcloud::file {

void Stream::close() {
  gz.reset();
  file = Descriptor();
}

void Stream::bind(const std::string& path, const FileState& state) {
  close();
  at.path = path;
  at.key = state.key;
  at.size = state.size;
  at.modified = state.modified;
  at.gone = 0;
  folder = folder_of(path);
  compressed = is_compressed(path);
  unchecked = compressed;
  deleted = at_end = reported = false;
}

void Stream::unbind() {
  close();
  at.key = {};
  deleted = at_end = finishing = false;
}

void Stream::rewind() {
  read = at.place;
  joiner.clear();
  starts.clear();
  at_end = finishing = false;
}

Place Stream::safe_place() {
  const auto oldest = joiner.oldest();
  if (!oldest) {
    starts.clear();
    return read;
  }
  std::erase_if(starts, [&](const Place& start) { return start.offset < *oldest; });
  return starts.empty() ? read : starts.front();
}

namespace {

using Status = Chunk::Status;

Status open_file(Stream& stream) {
  Descriptor file(::open(stream.at.path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY));
  if (!file) return errno == ENOENT ? Status::kMoved : Status::kFailed;
  struct ::stat stat {};
  if (::fstat(file.get(), &stat) != 0) return Status::kFailed;
  if (state_of(stat).key != stream.at.key) return Status::kMoved;
  stream.file = std::move(file);
  return Status::kText;
}

ssize_t read_at(int file, char* to, std::size_t size, std::uint64_t offset) {
  while (true) {
    const auto got = ::pread(file, to, size, static_cast<off_t>(offset));
    if (got >= 0 || errno != EINTR) return got;
  }
}

Chunk read_compressed(Stream& stream, std::size_t most) {
  if (!stream.gz) stream.gz = std::make_unique<GzReader>(stream.file.get());
  const std::size_t lead = stream.unchecked ? stream.read.tail_length : 0;
  const auto result = stream.gz->read(stream.read.offset - lead, most + lead);
  if (result.behind) return {Status::kBehind, {}, {}};
  if (stream.unchecked && !fits(stream.read, result.text.substr(0, lead)))
    return {Status::kReplaced, {}, {}};
  stream.unchecked = false;
  const auto text = result.text.substr(std::min(lead, result.text.size()));
  return {Status::kText, text, {}, result.end || result.broken, result.broken};
}

// The whole beginning is known once there is enough of it.
bool check_head(Stream& stream) {
  std::array<char, Head::kMaxHead> head;
  const auto got = read_at(stream.file.get(), head.data(), head.size(), 0);
  if (got < 0) return false;
  const std::string_view beginning(head.data(), static_cast<std::size_t>(got));
  if (!fits(stream.at.head, beginning)) return false;
  if (stream.at.head.length == 0) stream.fresh = true;
  if (stream.at.head.length < beginning.size()) stream.at.head = head_of(beginning);
  return true;
}

}  // namespace

Chunk read_chunk(Stream& stream, std::vector<char>& buffer, std::size_t most) {
  if (!stream.open()) {
    const Status status = open_file(stream);
    if (status != Status::kText) return {status, {}, {}};
  }
  if (stream.compressed) return read_compressed(stream, most);
  if (!check_head(stream)) return {Status::kReplaced, {}, {}};
  const auto lead =
      static_cast<std::size_t>(std::min<std::uint64_t>(stream.read.offset, Place::kMaxTail));
  if (buffer.size() < lead + most) buffer.resize(lead + most);
  const auto got =
      read_at(stream.file.get(), buffer.data(), lead + most, stream.read.offset - lead);
  if (got < 0) return {Status::kFailed, {}, {}};
  const std::string_view all(buffer.data(), static_cast<std::size_t>(got));
  if (all.size() < lead || !fits(stream.read, all.substr(0, lead)))
    return {Status::kReplaced, {}, {}};
  return {Status::kText, all.substr(lead), all.substr(0, lead), all.size() < lead + most};
}

}  // namespace kcloud::file
