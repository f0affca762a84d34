// The content of a file or of standard input, inflated when it begins like gzip or zstd.
//
// One thread. Blocks for input, but no longer than 100 ms at a time. Throws InputError for what
// cannot be read; everything in front of the damage has been given out by then.
#pragma once

#include <cstdint>
#include <memory>
#include <stdexcept>
#include <string>

namespace kcloud::cli {

// Names the file, the place and what was found there.
class InputError : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

class ByteSource {
 public:
  // `file`: a path, or `-` for standard input.
  explicit ByteSource(const std::string& file);
  ~ByteSource();
  ByteSource(const ByteSource&) = delete;
  ByteSource& operator=(const ByteSource&) = delete;

  enum class State : std::uint8_t { kData, kNothingYet, kEnd };
  // Adds at most `room` bytes to `out`.
  State read(char* out, std::size_t room, std::size_t& got);
  // Passes over content; false when it ends before. Plain files are not read for it.
  bool skip(std::uint64_t bytes);

  std::uint64_t raw_position() const;  // bytes of the file read so far
  std::uint64_t raw_size() const;      // 0: unknown

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace kcloud::cli
