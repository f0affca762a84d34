// `audit new-chain`: the audit chain of a stopped agent's directory goes on as a new one that
// follows a batch of the one it had (docs/audit.md, "Copies"; docs/decisions/0012-new-chain.md).
#pragma once

#include <cstdint>
#include <string>

namespace kcloud::agent {

struct NewChainOptions {
  std::string data_dir;
  std::uint64_t after = 0;  // the last batch in common with the sinks; 0: none
  std::string reason;       // kept in the event that tells of it
};

// 0, or 2 when it could not be done.
int new_chain(const NewChainOptions& options);

}  // namespace kcloud::agent
