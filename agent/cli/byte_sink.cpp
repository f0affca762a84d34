#include "agent/cli/byte_sink.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>
#include <zstd.h>

#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <vector>

namespace kcloud::cli {
namespace {

constexpr std::size_t kBlock = 256 << 10;
constexpr int kGzipLevel = 6;
constexpr int kZstdLevel = 3;

// Calls `out` with compressed pieces.
class Deflater {
 public:
  virtual ~Deflater() = default;
  // False: it failed.
  virtual bool step(std::string_view& in, bool last, char* out, std::size_t room, std::size_t& got,
                    bool& more) = 0;
};

class GzipDeflater final : public Deflater {
 public:
  GzipDeflater() {
    if (deflateInit2(&stream_, kGzipLevel, Z_DEFLATED, 16 + MAX_WBITS, 8, Z_DEFAULT_STRATEGY) !=
        Z_OK) {
      throw std::bad_alloc();
    }
  }
  ~GzipDeflater() override { deflateEnd(&stream_); }

  bool step(std::string_view& in, bool last, char* out, std::size_t room, std::size_t& got,
            bool& more) override {
    stream_.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(in.data()));
    stream_.avail_in = static_cast<uInt>(in.size());
    stream_.next_out = reinterpret_cast<Bytef*>(out);
    stream_.avail_out = static_cast<uInt>(room);
    const int code = deflate(&stream_, last ? Z_FINISH : Z_NO_FLUSH);
    in.remove_prefix(in.size() - stream_.avail_in);
    got = room - stream_.avail_out;
    more = last ? code != Z_STREAM_END : !in.empty() || got == room;
    return code == Z_OK || code == Z_STREAM_END || code == Z_BUF_ERROR;
  }

 private:
  z_stream stream_{};
};

class ZstdDeflater final : public Deflater {
 public:
  ZstdDeflater() : context_(ZSTD_createCCtx()) {
    if (context_ == nullptr) throw std::bad_alloc();
    ZSTD_CCtx_setParameter(context_, ZSTD_c_compressionLevel, kZstdLevel);
    ZSTD_CCtx_setParameter(context_, ZSTD_c_checksumFlag, 1);
  }
  ~ZstdDeflater() override { ZSTD_freeCCtx(context_); }

  bool step(std::string_view& in, bool last, char* out, std::size_t room, std::size_t& got,
            bool& more) override {
    ZSTD_inBuffer input{in.data(), in.size(), 0};
    ZSTD_outBuffer output{out, room, 0};
    const std::size_t left =
        ZSTD_compressStream2(context_, &output, &input, last ? ZSTD_e_end : ZSTD_e_continue);
    in.remove_prefix(input.pos);
    got = output.pos;
    more = last ? left != 0 : !in.empty();
    return ZSTD_isError(left) == 0;
  }

 private:
  ZSTD_CCtx* context_;
};

}  // namespace

struct ByteSink::Impl {
  std::string name;
  std::string partial;  // empty: written directly
  int fd = STDOUT_FILENO;
  std::unique_ptr<Deflater> deflater;
  std::vector<char> block = std::vector<char>(kBlock);

  ~Impl() {
    if (fd > STDERR_FILENO) close(fd);
    if (!partial.empty()) unlink(partial.c_str());
  }

  [[noreturn]] void fail(const char* what) const {
    throw OutputError(std::string(what) + " " + name + ": " + std::strerror(errno));
  }

  void open_file(const std::string& file) {
    struct stat info {};
    if (stat(file.c_str(), &info) == 0 && !S_ISREG(info.st_mode)) {
      fd = open(file.c_str(), O_WRONLY | O_CLOEXEC);
    } else {
      partial = file + ".XXXXXX";
      fd = mkostemp(partial.data(), O_CLOEXEC);
      if (fd < 0) partial.clear();
    }
    if (fd < 0) fail("cannot write");
  }

  void put(std::string_view bytes) {
    while (!bytes.empty()) {
      const ssize_t written = ::write(fd, bytes.data(), bytes.size());
      if (written < 0 && errno == EINTR) continue;
      if (written < 0) fail("cannot write");
      bytes.remove_prefix(static_cast<std::size_t>(written));
    }
  }

  void deflate(std::string_view bytes, bool last) {
    for (bool more = true; more;) {
      std::size_t got = 0;
      if (!deflater->step(bytes, last, block.data(), block.size(), got, more)) {
        throw OutputError("cannot compress " + name);
      }
      put({block.data(), got});
    }
  }
};

Compression compression_of(std::string_view file) {
  if (file.ends_with(".gz")) return Compression::kGzip;
  if (file.ends_with(".zst")) return Compression::kZstd;
  return Compression::kNone;
}

ByteSink::ByteSink(const std::string& file, Compression compression)
    : impl_(std::make_unique<Impl>()) {
  impl_->name = file == "-" ? "standard output" : file;
  if (compression == Compression::kGzip) impl_->deflater = std::make_unique<GzipDeflater>();
  if (compression == Compression::kZstd) impl_->deflater = std::make_unique<ZstdDeflater>();
  if (file != "-") impl_->open_file(file);
}

ByteSink::~ByteSink() = default;

void ByteSink::write(std::string_view bytes) {
  if (impl_->deflater) return impl_->deflate(bytes, false);
  impl_->put(bytes);
}

void ByteSink::finish() {
  if (impl_->deflater) impl_->deflate({}, true);
  if (impl_->partial.empty()) return;
  if (fsync(impl_->fd) != 0) impl_->fail("cannot write");
  if (std::rename(impl_->partial.c_str(), impl_->name.c_str()) != 0) impl_->fail("cannot make");
  impl_->partial.clear();
}

}  // namespace kcloud::cli
