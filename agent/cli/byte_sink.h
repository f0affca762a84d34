// A file that is there only when it is whole, or standard output; compressed on the way when asked.
//
// Writes block. Throws OutputError with the system's words. A file that was not finished is
// removed.
#pragma once

#include <memory>
#include <stdexcept>
#include <string>
#include <string_view>

namespace kcloud::cli {

class OutputError : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

enum class Compression : std::uint8_t { kNone, kGzip, kZstd };

// By the end of a file's name: `.gz`, `.zst`.
Compression compression_of(std::string_view file);

class ByteSink {
 public:
  // `file`: a path, or `-` for standard output. Written beside its place and put there by finish;
  // what is no regular file (a pipe, a device) is written directly.
  ByteSink(const std::string& file, Compression compression);
  ~ByteSink();
  ByteSink(const ByteSink&) = delete;
  ByteSink& operator=(const ByteSink&) = delete;

  void write(std::string_view bytes);
  void finish();  // everything is on disk, under its name

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace kcloud::cli
