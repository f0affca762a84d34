#include "collectors/file/gz_reader.h"

#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>

#include <algorithm>
#include <array>
#include <new>
#include <vector>

namespace kcloud::file {
namespace {

constexpr int kGzip = 16 + MAX_WBITS;
constexpr std::size_t kInput = 64 << 10;
constexpr std::size_t kStep = 256 << 10;       // inflated at once
constexpr std::uint64_t kPassOver = 16 << 20;  // at most, in one call

}  // namespace

struct GzReader::Impl {
  explicit Impl(int file) : descriptor(file), input(kInput) {
    if (inflateInit2(&stream, kGzip) != Z_OK) throw std::bad_alloc();
  }
  ~Impl() { inflateEnd(&stream); }
  Impl(const Impl&) = delete;
  Impl& operator=(const Impl&) = delete;

  void restart();
  // Appends to `output` until it holds `wanted` bytes; false when no more came.
  bool more(std::size_t wanted);
  bool fill();

  int descriptor;
  z_stream stream{};
  std::vector<unsigned char> input;
  std::uint64_t read = 0;  // of the file
  std::uint64_t at = 0;    // content offset of the first byte of `output`
  std::string output;
  bool end = false, broken = false;
  bool inside = false;  // a member
};

void GzReader::Impl::restart() {
  inflateReset2(&stream, kGzip);
  stream.avail_in = 0;
  read = at = 0;
  output.clear();
  end = broken = inside = false;
}

bool GzReader::Impl::fill() {
  if (stream.avail_in > 0) return true;
  const auto got = ::pread(descriptor, input.data(), input.size(), static_cast<off_t>(read));
  if (got <= 0) return false;
  read += static_cast<std::uint64_t>(got);
  stream.next_in = input.data();
  stream.avail_in = static_cast<uInt>(got);
  return true;
}

bool GzReader::Impl::more(std::size_t wanted) {
  while (output.size() < wanted && !broken) {
    if (!fill()) {
      end = !inside;
      return false;
    }
    end = false;
    const std::size_t before = output.size(), room = std::min(wanted - before, kStep);
    output.resize(before + room);
    stream.next_out = reinterpret_cast<Bytef*>(output.data() + before);
    stream.avail_out = static_cast<uInt>(room);
    inside = true;
    const int code = ::inflate(&stream, Z_NO_FLUSH);
    output.resize(before + room - stream.avail_out);
    if (code == Z_STREAM_END) {
      inside = false;
      broken = inflateReset2(&stream, kGzip) != Z_OK;
    } else if (code != Z_OK && code != Z_BUF_ERROR) {
      broken = true;
    }
  }
  return !broken;
}

GzReader::GzReader(int descriptor) : impl_(std::make_unique<Impl>(descriptor)) {}
GzReader::~GzReader() = default;

GzReader::Result GzReader::read(std::uint64_t offset, std::size_t most) {
  Impl& gz = *impl_;
  if (offset < gz.at) gz.restart();
  std::uint64_t passed = 0;
  while (gz.at + gz.output.size() < offset) {
    passed += gz.output.size();
    gz.at += gz.output.size();
    gz.output.clear();
    if (passed > kPassOver) return {{}, false, true, false};
    const auto missing = std::min<std::uint64_t>(offset - gz.at, kStep);
    if (!gz.more(static_cast<std::size_t>(missing)) && gz.output.empty())
      return {{}, gz.end, false, !gz.end};
  }
  gz.output.erase(0, static_cast<std::size_t>(offset - gz.at));
  gz.at = offset;
  const bool cut_short = !gz.more(most) && !gz.end;
  // What follows is asked for, so that the end is told together with the last bytes.
  if (gz.output.size() >= most && !gz.fill()) gz.end = !gz.inside;
  return {std::string_view(gz.output).substr(0, most), gz.end && gz.output.size() <= most, false,
          cut_short && gz.output.size() < most};
}

std::uint32_t gz_size(int descriptor) {
  struct ::stat stat {};
  std::array<unsigned char, 4> bytes{};
  if (::fstat(descriptor, &stat) != 0 || stat.st_size < 18 ||
      ::pread(descriptor, bytes.data(), bytes.size(), stat.st_size - 4) != 4) {
    return 0;
  }
  return bytes[0] | static_cast<std::uint32_t>(bytes[1]) << 8 |
         static_cast<std::uint32_t>(bytes[2]) << 16 | static_cast<std::uint32_t>(bytes[3]) << 24;
}

}  // namespace kcloud::file
