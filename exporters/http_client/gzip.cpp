#include "exporters/http_client/gzip.h"

#include <zlib.h>

#include <limits>
#include <stdexcept>

namespace kcloud::http_client {

struct Gzip::Impl {
  z_stream stream{};

  explicit Impl(int level) {
    constexpr int kGzipWindow = 15 + 16;
    constexpr int kMemoryLevel = 8;
    if (deflateInit2(&stream, level, Z_DEFLATED, kGzipWindow, kMemoryLevel, Z_DEFAULT_STRATEGY) !=
        Z_OK)
      throw std::runtime_error("zlib cannot be initialised");
  }
  ~Impl() { deflateEnd(&stream); }
  Impl(const Impl&) = delete;
  Impl& operator=(const Impl&) = delete;
};

Gzip::Gzip(int level) : impl_(std::make_unique<Impl>(level)) {}
Gzip::~Gzip() = default;
Gzip::Gzip(Gzip&&) noexcept = default;
Gzip& Gzip::operator=(Gzip&&) noexcept = default;

void Gzip::compress(std::string_view in, std::string& out) {
  if (in.size() > std::numeric_limits<uInt>::max() / 2)
    throw std::runtime_error("body too large to compress");
  z_stream& stream = impl_->stream;
  deflateReset(&stream);
  out.resize(deflateBound(&stream, static_cast<uLong>(in.size())));
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(in.data()));
  stream.avail_in = static_cast<uInt>(in.size());
  stream.next_out = reinterpret_cast<Bytef*>(out.data());
  stream.avail_out = static_cast<uInt>(out.size());
  if (deflate(&stream, Z_FINISH) != Z_STREAM_END) throw std::runtime_error("zlib cannot compress");
  out.resize(stream.total_out);
}

}  // namespace kcloud::http_client
