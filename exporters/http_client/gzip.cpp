#include "exporters/http_client/gzip.h"

#include <libdeflate.h>

#include <stdexcept>

namespace kcloud::http_client {

Gzip::Gzip(int level)
    : compressor_(libdeflate_alloc_compressor(level), libdeflate_free_compressor) {
  if (!compressor_) throw std::runtime_error("no memory to compress with");
}

void Gzip::compress(std::string_view in, std::string& out) {
  out.resize(libdeflate_gzip_compress_bound(compressor_.get(), in.size()));
  const std::size_t size =
      libdeflate_gzip_compress(compressor_.get(), in.data(), in.size(), out.data(), out.size());
  if (size == 0) throw std::runtime_error("the body cannot be compressed");
  out.resize(size);
}

}  // namespace kcloud::http_client
