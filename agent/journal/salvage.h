// Opening a journal whatever state it is in: recover after a crash, carry over what a damaged file
// still holds.
#pragma once

#include <memory>
#include <string>

#include "agent/journal/directory.h"
#include "agent/journal/journal.h"
#include "agent/journal/store.h"

namespace kcloud::journal {

struct Opened {
  std::unique_ptr<Store> store;
  OpenReport report;
};

// Opens journal.db, makes it when missing. `damage_known`: do not trust the file, salvage it. The
// damaged file is kept beside as damaged-<UTC>.db. Throws std::runtime_error (newer schema, disk
// refuses).
Opened open_store(const Options& options, HeadHintFile& hint, const core::Clock& clock,
                  bool damage_known);

}  // namespace kcloud::journal
