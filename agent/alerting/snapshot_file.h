// The rule engine's state on disk: `rules.snapshot` in the data directory, written beside and
// renamed.
//
// It says up to which step of the journal's `rule_steps` it goes; what is behind is done again
// (docs/decisions/0016-rule-state.md). Lost or damaged it is made anew from the journal. Blocks for
// the disk.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>

#include "core/time.h"

namespace kcloud::alerting {

struct Snapshot {
  std::string epoch;       // of the journal
  std::uint64_t seq = 0;   // events up to here are in it
  std::uint64_t step = 0;  // steps up to here are in it
  core::Time frontier;     // that was reached
  std::string engine;      // rules::Engine::snapshot()
};

// Throws std::system_error.
void write_snapshot(const std::filesystem::path& file, const Snapshot& snapshot);
// nullopt: there is none, or it is not whole.
std::optional<Snapshot> read_snapshot(const std::filesystem::path& file);

}  // namespace kcloud::alerting
