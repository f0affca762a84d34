#include "collectors/file/probe.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>

#include "collectors/file/gz_reader.h"

namespace kcloud::file {
namespace {

std::string read_exactly(int file, std::uint64_t offset, std::size_t size) {
  std::string text(size, '\0');
  const auto got = ::pread(file, text.data(), size, static_cast<off_t>(offset));
  text.resize(got < 0 ? 0 : static_cast<std::size_t>(got));
  return text;
}

}  // namespace

Probe::Probe(const std::string& path)
    : file_(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY)),
      compressed_(is_compressed(path)) {
  struct ::stat stat {};
  if (!file_ || ::fstat(file_.get(), &stat) != 0 || !S_ISREG(stat.st_mode)) {
    file_ = Descriptor();
    return;
  }
  state_ = state_of(stat);
  struct ::statx more {};
  if (::statx(file_.get(), "", AT_EMPTY_PATH, STATX_BTIME, &more) == 0 &&
      (more.stx_mask & STATX_BTIME) != 0) {
    born_ = more.stx_btime.tv_sec * 1'000'000'000 + more.stx_btime.tv_nsec;
  }
  beginning_ = compressed_ ? std::string(GzReader(file_.get()).read(0, Head::kMaxHead).text)
                           : read_exactly(file_.get(), 0, Head::kMaxHead);
}

std::uint64_t Probe::content_size() const {
  return compressed_ ? gz_size(file_.get()) : state_.size;
}

Descriptor Probe::share() const { return Descriptor(::fcntl(file_.get(), F_DUPFD_CLOEXEC, 0)); }

std::string Probe::before(std::uint64_t offset) const {
  const auto size = static_cast<std::size_t>(std::min<std::uint64_t>(offset, Place::kMaxTail));
  return read_exactly(file_.get(), offset - size, size);
}

bool goes_on(const Probe& file, const Head& head, const Place& place) {
  if (head.length == 0 || !fits(head, file.beginning())) return false;
  if (file.compressed()) return place.offset > UINT32_MAX || file.content_size() >= place.offset;
  return file.state().size >= place.offset && fits(place, file.before(place.offset));
}

bool same_as_far_as_there(const Probe& one, const Probe& other) {
  const std::uint64_t size = std::min(one.state().size, other.state().size);
  if (size == 0) return false;
  const auto head = static_cast<std::size_t>(std::min<std::uint64_t>(size, Head::kMaxHead));
  return one.beginning().substr(0, head) == other.beginning().substr(0, head) &&
         one.before(size) == other.before(size);
}

}  // namespace kcloud::file
