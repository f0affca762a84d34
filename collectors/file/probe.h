// Files compared by what they hold: is this a copy of that, does it go on where that was read to?
// Blocks on the disk for a few small reads.
#pragma once

#include <cstdint>
#include <string>

#include "collectors/file/descriptor.h"
#include "collectors/file/fingerprint.h"
#include "collectors/file/rotation.h"

namespace kcloud::file {

class Probe {
 public:
  // Unreadable files have no state.
  explicit Probe(const std::string& path);

  bool readable() const { return static_cast<bool>(file_); }
  bool compressed() const { return compressed_; }
  const FileState& state() const { return state_; }
  // The file itself, also when its name is another's by now; none when there are too many open.
  Descriptor share() const;
  // When the file was made, in ns; 0 where the file system does not say.
  std::int64_t born() const { return born_; }
  // The content's first bytes, at most Head::kMaxHead.
  const std::string& beginning() const { return beginning_; }
  // Modulo 2^32 for a compressed one.
  std::uint64_t content_size() const;
  // Up to Place::kMaxTail bytes in front of an offset; not of a compressed one.
  std::string before(std::uint64_t offset) const;

 private:
  Descriptor file_;
  FileState state_;
  std::int64_t born_ = 0;
  bool compressed_ = false;
  std::string beginning_;
};

// Whether `file` holds what was read up to `place`, and perhaps more. A compressed one is believed
// by its beginning and size; reading finds out the rest.
bool goes_on(const Probe& file, const Head& head, const Place& place);

// Whether one of the two, both plain, begins with all of the other.
bool same_as_far_as_there(const Probe& one, const Probe& other);

}  // namespace kcloud::file
