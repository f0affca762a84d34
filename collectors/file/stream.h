// What is read as one: the content that began in one file, wherever rotation has put it since. It
// has one checkpoint and one id; the file that holds it may change (renamed, copied, compressed).
//
// Used by the collector's thread alone.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "collectors/file/descriptor.h"
#include "collectors/file/gz_reader.h"
#include "collectors/file/joiner.h"
#include "collectors/file/registry.h"

namespace kcloud::file {

using std::chrono::steady_clock;

struct Stream {
  Checkpoint at;                // what is saved; `place` is what the journal has
  Place read;                   // what was taken in
  std::uint64_t sure_size = 0;  // at.size when it was certain that this is the file
  std::string folder;           // real one of at.path
  std::string source;           // of its events
  std::string type;             // of events that name none

  Joiner joiner;
  std::vector<Place> starts;  // of lines that the joiner holds the beginning of

  Descriptor file;
  std::unique_ptr<GzReader> gz;
  bool compressed = false;
  bool unchecked = false;  // compressed: whether it really holds what was read is not known yet

  bool rotated = false;  // no longer where it was found
  bool deleted = false;  // only the open descriptor holds it
  bool fresh = true;     // not in the registry yet, or without what it is known by
  bool at_end = false;   // nothing more was there when it was read last
  bool queued = false;
  bool finishing = false;            // no line can follow: a last one without newline is taken
  bool reported = false;             // that it is lost, or cannot be read
  steady_clock::time_point changed;  // it grew, or was rotated
  std::uint64_t used = 0;            // when it was read last, for the limit of open files

  bool held() const { return at.key != FileKey{}; }  // a file has the content
  bool open() const { return static_cast<bool>(file); }
  void close();
  // A file has it: under `path`, a real one.
  void bind(const std::string& path, const FileState& state);
  void unbind();
  // Everything behind the checkpoint is to be read again.
  void rewind();
  // How far it may be acknowledged when everything that was taken in is committed.
  Place safe_place();
};

struct Chunk {
  enum class Status : std::uint8_t {
    kText,
    kReplaced,  // the file holds something else now
    kMoved,     // the file is not under its path any more
    kBehind,    // compressed, and the place is not reached yet
    kFailed,    // `errno`
  };
  Status status = Status::kText;
  std::string_view text;    // from read.offset on
  std::string_view before;  // what stands in front of it, kMaxTail bytes at most
  bool end = false;         // the file ends behind it
  bool damaged = false;     // … so far as it can be read: compressed, and broken or cut short
};

// Reads up to `most` bytes into `buffer`, which grows as needed. The file is opened where it is
// not.
Chunk read_chunk(Stream& stream, std::vector<char>& buffer, std::size_t most);

}  // namespace kcloud::file
