#include "collectors/webhook/inflate.h"

#include <zlib.h>
#define ZSTD_STATIC_LINKING_ONLY  // ZSTD_d_stableOutBuffer, ZSTD_findDecompressedSize
#include <zstd.h>
#include <zstd_errors.h>

#include <algorithm>
#include <cstdlib>
#include <new>

namespace kcloud::webhook {

namespace {

constexpr std::size_t kFirstStep = 64 << 10;
constexpr std::size_t kKept = 1 << 20;  // memory that stays with an idle inflater
constexpr int kMaxWindowLog = 23;       // 8 MiB
constexpr int kGzip = 16 + MAX_WBITS;
constexpr int kZlib = MAX_WBITS;
constexpr int kRaw = -MAX_WBITS;

enum class Result : std::uint8_t { kDone, kTooLarge, kTruncated, kBroken, kWindow, kNoMemory };

struct ZstdFree {
  void operator()(ZSTD_DCtx* context) const { ZSTD_freeDCtx(context); }
};
struct ZlibEnd {
  void operator()(z_stream* stream) const {
    inflateEnd(stream);
    delete stream;
  }
};
struct Free {
  void operator()(char* memory) const { std::free(memory); }
};

// The output: at most `limit` bytes, and one more by which an excess is noticed.
class Output {
 public:
  void start(std::uint64_t limit, std::size_t compressed) {
    if (capacity_ > kKept) release();
    limit_ = limit;
    size_ = 0;
    wanted_ = std::max(kFirstStep, compressed * 4);
  }
  void release() {
    memory_.reset();
    capacity_ = 0;
  }
  // Room behind the end; false when the limit is passed.
  bool make_room() {
    if (size_ > limit_) return false;
    if (size_ < capacity_) return true;
    const std::uint64_t next = std::max<std::uint64_t>(wanted_, capacity_ * 2);
    capacity_ = static_cast<std::size_t>(std::min<std::uint64_t>(next, limit_ + 1));
    // realloc moves large blocks by their pages, without a copy beside the old one.
    auto* grown = static_cast<char*>(std::realloc(memory_.get(), capacity_));
    if (grown == nullptr) throw std::bad_alloc();
    static_cast<void>(memory_.release());
    memory_.reset(grown);
    return true;
  }
  // Room for a content of `claimed` bytes, as the frames say, within the limit; and one more, by
  // which an excess is noticed.
  void reserve(std::uint64_t claimed) {
    capacity_ = static_cast<std::size_t>(std::min(claimed, limit_) + 1);
    memory_.reset(static_cast<char*>(std::malloc(capacity_)));
    if (memory_ == nullptr) throw std::bad_alloc();
  }
  std::uint64_t limit() const { return limit_; }
  char* end() { return memory_.get() + size_; }
  std::size_t room() const { return std::min<std::uint64_t>(capacity_, limit_ + 1) - size_; }
  void add(std::size_t made) { size_ += made; }
  bool too_large() const { return size_ > limit_; }
  std::string_view text() const { return {memory_.get(), size_}; }
  std::size_t capacity() const { return capacity_; }

 private:
  std::unique_ptr<char, Free> memory_;
  std::size_t capacity_ = 0;
  std::size_t size_ = 0;
  std::size_t wanted_ = 0;
  std::uint64_t limit_ = 0;
};

// `deflate` is zlib's format (RFC 9110, 8.4.1.2), but many clients send the bare stream. Such a
// stream cannot begin like zlib's: it would be a stored block with bits set that are padding.
bool is_zlib(std::string_view text) {
  if (text.size() < 2) return true;
  const unsigned method = static_cast<unsigned char>(text[0]);
  const unsigned flags = static_cast<unsigned char>(text[1]);
  return (method & 0x0F) == Z_DEFLATED && method >> 4 <= 7 && (method * 256 + flags) % 31 == 0;
}

Result result_of(ZSTD_ErrorCode code) {
  switch (code) {
    case ZSTD_error_frameParameter_windowTooLarge:
      return Result::kWindow;
    case ZSTD_error_memory_allocation:
      return Result::kNoMemory;
    case ZSTD_error_dstSize_tooSmall:
      return Result::kTooLarge;
    default:
      return Result::kBroken;
  }
}

Problem problem_of(Result result, Coding coding) {
  const std::string name(name_of(coding));
  switch (result) {
    case Result::kTooLarge:
      return {413, "the body is larger than http.max_body_bytes when decompressed",
              Refusal::kTooLarge};
    case Result::kWindow:
      return {413,
              "the zstd body needs a window of more than 8 MiB to decompress; compress it "
              "without --long and --ultra (RFC 9659)",
              Refusal::kTooLarge};
    case Result::kTruncated:
      return {400, "the " + name + " body is cut short", Refusal::kEncodedBody};
    case Result::kNoMemory:
      return {503, "no memory to decompress with", Refusal::kEncodedBody};
    default:
      return {400, "the body is not " + name + ", as Content-Encoding says", Refusal::kEncodedBody};
  }
}

}  // namespace

struct Inflater::Impl {
  Output output;
  std::unique_ptr<z_stream, ZlibEnd> zlib;
  std::unique_ptr<ZSTD_DCtx, ZstdFree> zstd;

  Result start_zlib(int window_bits);
  Result from_zlib(std::string_view compressed, int window_bits);
  Result from_zstd(std::string_view compressed);
};

Result Inflater::Impl::start_zlib(int window_bits) {
  if (zlib != nullptr) {
    return inflateReset2(zlib.get(), window_bits) == Z_OK ? Result::kDone : Result::kNoMemory;
  }
  auto fresh = std::make_unique<z_stream>();
  if (inflateInit2(fresh.get(), window_bits) != Z_OK) return Result::kNoMemory;
  zlib.reset(fresh.release());
  return Result::kDone;
}

Result Inflater::Impl::from_zlib(std::string_view compressed, int window_bits) {
  if (const Result result = start_zlib(window_bits); result != Result::kDone) return result;
  zlib->next_in = reinterpret_cast<Bytef*>(const_cast<char*>(compressed.data()));
  zlib->avail_in = static_cast<uInt>(compressed.size());
  while (output.make_room()) {
    const std::size_t room = output.room();
    zlib->next_out = reinterpret_cast<Bytef*>(output.end());
    zlib->avail_out = static_cast<uInt>(room);
    const int code = ::inflate(zlib.get(), Z_NO_FLUSH);
    output.add(room - zlib->avail_out);
    if (output.too_large()) break;
    if (code == Z_STREAM_END) {
      if (zlib->avail_in == 0) return Result::kDone;
      if (window_bits != kGzip || inflateReset2(zlib.get(), kGzip) != Z_OK) return Result::kBroken;
    } else if (code == Z_MEM_ERROR) {
      return Result::kNoMemory;
    } else if (code == Z_BUF_ERROR) {
      if (zlib->avail_out > 0) return Result::kTruncated;
    } else if (code != Z_OK) {
      return Result::kBroken;
    }
  }
  return Result::kTooLarge;
}

// The output is one block that stays where it is, so zstd looks back into it and needs no window of
// its own. A block of the limit's size is taken ahead, of which only what is written becomes
// memory.
Result Inflater::Impl::from_zstd(std::string_view compressed) {
  if (zstd == nullptr) {
    zstd.reset(ZSTD_createDCtx());
    if (zstd == nullptr) return Result::kNoMemory;
    ZSTD_DCtx_setParameter(zstd.get(), ZSTD_d_windowLogMax, kMaxWindowLog);
    ZSTD_DCtx_setParameter(zstd.get(), ZSTD_d_stableOutBuffer, 1);
  }
  ZSTD_DCtx_reset(zstd.get(), ZSTD_reset_session_only);
  output.reserve(ZSTD_findDecompressedSize(compressed.data(), compressed.size()));
  ZSTD_inBuffer in{compressed.data(), compressed.size(), 0};
  ZSTD_outBuffer out{output.end(), output.room(), 0};
  std::size_t left = 1;  // 0 at the end of a frame
  while (in.pos < in.size) {
    const std::size_t read = in.pos, made = out.pos;
    left = ZSTD_decompressStream(zstd.get(), &out, &in);
    if (out.pos == out.size && out.size > output.limit()) return Result::kTooLarge;
    if (ZSTD_isError(left) != 0) return result_of(ZSTD_getErrorCode(left));
    if (in.pos == read && out.pos == made) break;
  }
  output.add(out.pos);
  if (output.too_large()) return Result::kTooLarge;
  return left == 0 ? Result::kDone : Result::kTruncated;
}

Inflater::Inflater() : impl_(std::make_unique<Impl>()) {}
Inflater::~Inflater() = default;
Inflater::Inflater(Inflater&&) noexcept = default;

std::size_t Inflater::capacity() const { return impl_->output.capacity(); }

std::optional<Problem> Inflater::inflate(Coding coding, std::string_view compressed,
                                         std::uint64_t max_bytes, std::string_view& text) {
  Output& output = impl_->output;
  output.start(max_bytes, compressed.size());
  Result result = Result::kDone;
  switch (coding) {
    case Coding::kIdentity:
      text = compressed;
      return std::nullopt;
    case Coding::kGzip:
      result = impl_->from_zlib(compressed, kGzip);
      break;
    case Coding::kDeflate:
      result = impl_->from_zlib(compressed, is_zlib(compressed) ? kZlib : kRaw);
      break;
    case Coding::kZstd:
      result = impl_->from_zstd(compressed);
      if (ZSTD_sizeof_DCtx(impl_->zstd.get()) > kKept) impl_->zstd.reset();
      break;
  }
  if (result != Result::kDone) {
    output.release();
    return problem_of(result, coding);
  }
  text = output.text();
  return std::nullopt;
}

}  // namespace kcloud::webhook
