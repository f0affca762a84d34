// Whether a store still holds what was sealed, and with which checkpoints: the part that is the
// same for every store. Reads the agent's own checkpoints and its key.
#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "agent/report/summary.h"
#include "core/chain_report.h"

namespace kcloud::report {

struct Place {
  std::string data_dir;
  std::string checkpoint_file;  // relative to it
};

// Verifies the store's chains; may take out checkpoints that are not the store's to meet.
using VerifyChains = std::function<std::vector<core::ChainReport>(core::VerifyOptions& options)>;

// Asks `chains` with the agent's checkpoints and batches sealed from `since` on. `store`: the
// options of `audit verify` that name it, for the command. Throws std::runtime_error when the key
// cannot be read, and what `chains` throws.
Integrity verify(const Place& place, core::Time since, std::string_view store,
                 const VerifyChains& chains);

// In quotes where a shell needs them.
std::string shell_word(const std::string& text);

}  // namespace kcloud::report
