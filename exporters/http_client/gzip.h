// Compresses request bodies; keeps zlib's memory (about 270 KB) from one body to the next. One
// thread at a time.
#pragma once

#include <memory>
#include <string>
#include <string_view>

namespace kcloud::http_client {

class Gzip {
 public:
  // Level 1: line protocol shrinks to a tenth either way, level 6 costs several times the CPU.
  // Throws std::runtime_error when zlib gives no memory.
  explicit Gzip(int level = 1);
  ~Gzip();
  Gzip(Gzip&&) noexcept;
  Gzip& operator=(Gzip&&) noexcept;

  // `out` becomes `in` as one gzip member.
  void compress(std::string_view in, std::string& out);

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace kcloud::http_client
