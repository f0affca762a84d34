#include "agent/cli/byte_source.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <poll.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>
#include <zstd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <string_view>
#include <vector>

namespace kcloud::cli {
namespace {

constexpr std::size_t kRawBlock = 256 << 10;
constexpr int kPollMs = 100;
constexpr std::string_view kGzipMagic{"\x1F\x8B", 2};
constexpr std::string_view kZstdMagic{"\x28\xB5\x2F\xFD", 4};

// Inflates one piece after the other.
class Inflater {
 public:
  enum class Result : std::uint8_t { kGoing, kBetween /* members; the input may end here */, kBad };
  virtual ~Inflater() = default;
  // Takes from the front of `in` and adds to `out`.
  virtual Result step(std::string_view& in, char* out, std::size_t room, std::size_t& got) = 0;
  virtual const char* name() const = 0;
  virtual std::string problem() const = 0;
};

class GzipInflater final : public Inflater {
 public:
  GzipInflater() {
    if (inflateInit2(&stream_, 16 + MAX_WBITS) != Z_OK) throw std::bad_alloc();
  }
  ~GzipInflater() override { inflateEnd(&stream_); }
  const char* name() const override { return "gzip"; }
  std::string problem() const override { return stream_.msg == nullptr ? "" : stream_.msg; }

  Result step(std::string_view& in, char* out, std::size_t room, std::size_t& got) override {
    if (ended_) inflateReset(&stream_);
    ended_ = false;
    stream_.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(in.data()));
    stream_.avail_in = static_cast<uInt>(in.size());
    stream_.next_out = reinterpret_cast<Bytef*>(out);
    stream_.avail_out = static_cast<uInt>(room);
    const int code = inflate(&stream_, Z_NO_FLUSH);
    in.remove_prefix(in.size() - stream_.avail_in);
    got = room - stream_.avail_out;
    ended_ = code == Z_STREAM_END;
    if (ended_) return Result::kBetween;
    return code == Z_OK || code == Z_BUF_ERROR ? Result::kGoing : Result::kBad;
  }

 private:
  z_stream stream_{};
  bool ended_ = false;
};

class ZstdInflater final : public Inflater {
 public:
  ZstdInflater() : stream_(ZSTD_createDStream()) {
    if (stream_ == nullptr) throw std::bad_alloc();
  }
  ~ZstdInflater() override { ZSTD_freeDStream(stream_); }
  const char* name() const override { return "zstd"; }
  std::string problem() const override { return ZSTD_getErrorName(code_); }

  Result step(std::string_view& in, char* out, std::size_t room, std::size_t& got) override {
    ZSTD_inBuffer input{in.data(), in.size(), 0};
    ZSTD_outBuffer output{out, room, 0};
    code_ = ZSTD_decompressStream(stream_, &output, &input);
    in.remove_prefix(input.pos);
    got = output.pos;
    if (ZSTD_isError(code_) != 0) return Result::kBad;
    return code_ == 0 ? Result::kBetween : Result::kGoing;
  }

 private:
  ZSTD_DStream* stream_;
  std::size_t code_ = 0;
};

}  // namespace

struct ByteSource::Impl {
  std::string name;
  int fd = STDIN_FILENO;
  bool seekable = false;
  std::uint64_t size = 0;
  std::uint64_t position = 0;  // bytes read from the descriptor
  std::vector<char> raw = std::vector<char>(kRawBlock);
  std::string_view waiting;  // of `raw`, not used yet
  bool ended = false;        // the descriptor's end was met
  bool sniffed = false;
  bool between = true;   // members: the input may end here
  bool pending = false;  // the last step filled its room: there may be more without input
  std::unique_ptr<Inflater> inflater;

  ~Impl() {
    if (fd > STDIN_FILENO) close(fd);
  }

  [[noreturn]] void fail(const std::string& what) const { throw InputError(name + ": " + what); }

  // Reads behind what waits. False: nothing came within the time.
  bool fill() {
    if (!waiting.empty()) std::memmove(raw.data(), waiting.data(), waiting.size());
    waiting = {raw.data(), waiting.size()};
    pollfd ready{fd, POLLIN, 0};
    if (poll(&ready, 1, kPollMs) == 0) return false;
    const ssize_t got = ::read(fd, raw.data() + waiting.size(), raw.size() - waiting.size());
    if (got < 0 && errno == EINTR) return false;
    if (got < 0) fail(fmt::format("cannot read at byte {}: {}", position, std::strerror(errno)));
    ended = got == 0;
    position += static_cast<std::uint64_t>(got);
    waiting = {raw.data(), waiting.size() + static_cast<std::size_t>(got)};
    return true;
  }

  bool sniff() {
    while (waiting.size() < kZstdMagic.size() && !ended) {
      if (!fill()) return false;
    }
    if (waiting.starts_with(kGzipMagic)) inflater = std::make_unique<GzipInflater>();
    if (waiting.starts_with(kZstdMagic)) inflater = std::make_unique<ZstdInflater>();
    sniffed = true;
    return true;
  }

  State inflate(char* out, std::size_t room, std::size_t& got) {
    const std::size_t before = waiting.size();
    const auto result = inflater->step(waiting, out, room, got);
    if (result == Inflater::Result::kBad) {
      fail(fmt::format("the {} data is damaged at about byte {} of the file: {}", inflater->name(),
                       position - waiting.size(), inflater->problem()));
    }
    if (got > 0 || waiting.size() != before) between = result == Inflater::Result::kBetween;
    pending = got == room;
    if (got > 0) return State::kData;
    if (waiting.empty() && ended) {
      if (between) return State::kEnd;
      fail(fmt::format("the {} data is cut short: the file ends at byte {}", inflater->name(),
                       position));
    }
    return State::kNothingYet;
  }
};

ByteSource::ByteSource(const std::string& file) : impl_(std::make_unique<Impl>()) {
  impl_->name = file == "-" ? "standard input" : file;
  if (file != "-") impl_->fd = open(file.c_str(), O_RDONLY | O_CLOEXEC);
  if (impl_->fd < 0) impl_->fail(std::strerror(errno));
  struct stat info {};
  if (fstat(impl_->fd, &info) != 0) impl_->fail(std::strerror(errno));
  if (S_ISDIR(info.st_mode)) {
    impl_->fail("is a directory. Hint: name the files, one command each");
  }
  impl_->seekable = S_ISREG(info.st_mode);
  if (impl_->seekable) impl_->size = static_cast<std::uint64_t>(info.st_size);
}

ByteSource::~ByteSource() = default;

ByteSource::State ByteSource::read(char* out, std::size_t room, std::size_t& got) {
  got = 0;
  if (!impl_->sniffed && !impl_->sniff()) return State::kNothingYet;
  const bool hungry = impl_->waiting.empty() && !impl_->ended && !impl_->pending;
  if (hungry && !impl_->fill()) return State::kNothingYet;
  if (impl_->inflater) return impl_->inflate(out, room, got);
  got = std::min(room, impl_->waiting.size());
  std::memcpy(out, impl_->waiting.data(), got);
  impl_->waiting.remove_prefix(got);
  return got > 0 ? State::kData : impl_->ended ? State::kEnd : State::kNothingYet;
}

bool ByteSource::skip(std::uint64_t bytes) {
  while (!impl_->sniffed) impl_->sniff();
  if (!impl_->inflater && impl_->seekable) {
    impl_->waiting = {};
    impl_->ended = false;
    impl_->position = bytes;
    return bytes <= impl_->size && lseek(impl_->fd, static_cast<off_t>(bytes), SEEK_SET) >= 0;
  }
  std::vector<char> scratch(kRawBlock);
  while (bytes > 0) {
    std::size_t got = 0;
    const auto room = static_cast<std::size_t>(std::min<std::uint64_t>(bytes, scratch.size()));
    if (read(scratch.data(), room, got) == State::kEnd) return false;
    bytes -= got;
  }
  return true;
}

std::uint64_t ByteSource::raw_position() const { return impl_->position - impl_->waiting.size(); }
std::uint64_t ByteSource::raw_size() const { return impl_->size; }

}  // namespace kcloud::cli
