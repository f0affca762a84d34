// Reads a gzip file (of any number of members) as a plain one is read: the bytes from an offset of
// the content on. Going on is cheap; going back begins anew. Memory: what was asked for last.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

namespace kcloud::file {

class GzReader {
 public:
  // `descriptor` is the caller's and stays open as long as the reader.
  explicit GzReader(int descriptor);
  ~GzReader();

  struct Result {
    std::string_view text;  // at most `most` bytes from `offset` on; valid until the next call
    bool end = false;       // nothing comes behind it
    bool behind = false;    // not at `offset` yet, as the work of one call is bounded; call again
    bool broken = false;    // no gzip, damaged or cut short; nothing behind `text` can be read
  };
  Result read(std::uint64_t offset, std::size_t most);

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

// The content's size modulo 2^32, as a gzip file of one member ends with; 0 when there is none.
std::uint32_t gz_size(int descriptor);

}  // namespace kcloud::file
