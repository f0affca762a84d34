// Compresses request bodies; keeps its memory from one body to the next. One thread at a time.
#pragma once

#include <memory>
#include <string>
#include <string_view>

struct libdeflate_compressor;

namespace kcloud::http_client {

class Gzip {
 public:
  // Level 1: line protocol shrinks to a tenth either way, level 6 costs several times the CPU.
  // Throws std::runtime_error when there is no memory.
  explicit Gzip(int level = 1);

  // `out` becomes `in` as one gzip member.
  void compress(std::string_view in, std::string& out);

 private:
  std::unique_ptr<libdeflate_compressor, void (*)(libdeflate_compressor*)> compressor_;
};

}  // namespace kcloud::http_client
