// The chains of one data directory: each but the first follows a batch of the one before it, whose
// hash its own first batch names (docs/audit.md, "Copies").
#pragma once

#include <cstdint>
#include <optional>

#include "core/chain_check.h"
#include "core/seal.h"

namespace kcloud::journal {

struct ChainPart {
  core::ChainId chain{};
  std::optional<core::ChainHead> follows;  // seq 0: it took another one's place, none in common
  std::uint64_t begin = 0;                 // position in the journal behind which its events are
  std::optional<std::uint64_t> until;  // the batch of it that the next part follows; its later ones
                                       // cover what the next part covers again
};

struct Renewal {
  ChainPart made;
  std::optional<core::Seal> last;  // of the chain before
  std::uint64_t gone = 0;          // events behind `made.begin` that retention took
};

}  // namespace kcloud::journal
