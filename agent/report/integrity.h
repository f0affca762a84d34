// Whether the journal still holds what was sealed, and with which checkpoints. Reads files and the
// journal; blocks for as long as that takes.
#pragma once

#include <functional>
#include <string>

#include "agent/journal/reader.h"
#include "agent/report/summary.h"

namespace kcloud::report {

struct Place {
  std::string data_dir;
  std::string checkpoint_file;  // relative to it
};

// `stopping` was true on the way.
class Stopped : public std::exception {};

// Batches sealed from `since` on are read event by event, the links of all are checked. Throws
// Stopped, and std::runtime_error when the journal cannot be read.
Integrity verify(journal::Reader& reader, const Place& place, core::Time since,
                 const std::function<bool()>& stopping);

}  // namespace kcloud::report
