// Undoing a request's Content-Encoding within a bound. The contexts of zlib and zstd and the output
// keep their memory from request to request: one instance a thread, no locks, no I/O.
//
// Memory: the output, which grows up to the bound and one byte; zstd looks back into it, so that
// its window (at most 8 MiB, RFC 9659) costs nothing more. What a frame says about its size is not
// believed beyond the bound. More than 1 MiB is given back before the next request.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string_view>

#include "collectors/webhook/content.h"

namespace kcloud::webhook {

class Inflater {
 public:
  Inflater();
  ~Inflater();
  Inflater(Inflater&&) noexcept;

  // `text` becomes the whole content (several gzip members or zstd frames too), valid until the
  // next call. 400 for broken or truncated input, 413 for what would be more than `max_bytes`.
  std::optional<Problem> inflate(Coding coding, std::string_view compressed,
                                 std::uint64_t max_bytes, std::string_view& text);

  std::size_t capacity() const;  // memory of the output now

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace kcloud::webhook
