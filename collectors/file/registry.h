// The checkpoints: which files were read how far, in one small JSON document that is replaced as a
// whole (written, fsynced, renamed). One entry a line, so that a damaged one costs itself alone.
//
// encode and decode are pure.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "collectors/file/fingerprint.h"
#include "collectors/file/line_format.h"
#include "collectors/file/rotation.h"

namespace kcloud::file {

struct Checkpoint {
  std::string id;    // of the content, whatever file it is in; with an offset the place of a line
  std::string base;  // the path under which it was found first
  std::string path;  // where it is now
  std::string name;  // its name before rotation, in the folder of `path`
  FileKey key;       // zeros: no file is known to hold it
  Head head;
  Place place;
  std::uint64_t size = 0;     // when it was seen last
  std::int64_t modified = 0;  // ns
  Format format = Format::kUnknown;
  bool finished = false;       // rotated away, and read to its end
  std::int64_t attention = 0;  // ns; leftovers of the base younger than this are looked for
  std::int64_t gone = 0;       // ns; since when no file holds it, 0: one does
  bool operator==(const Checkpoint&) const = default;
};

struct Registry {
  std::vector<Checkpoint> files;
  bool found = false;      // there was one: this is not the first start
  std::int64_t saved = 0;  // when, in ns
  std::string problem;     // not empty: what could not be read
};

std::string encode(const std::vector<Checkpoint>& files);
Registry decode(std::string_view text);

// `<folder>/registry.json`. A damaged one is kept beside it as `registry.json.damaged`.
Registry load_registry(const std::string& folder);
// Makes the folder where it is missing. Throws std::runtime_error with a hint.
void save_registry(const std::string& folder, const std::vector<Checkpoint>& files);

}  // namespace kcloud::file
