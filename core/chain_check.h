// Follows a chain of seals batch by batch and says what does not fit. Pure; knows no store.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "core/seal.h"

namespace kcloud::core {

// What somebody kept outside of the store that is checked: a checkpoint.
struct ChainHead {
  ChainId chain{};
  std::uint64_t seq = 0;
  Sha256 hash{};
};

class ChainChecker {
 public:
  // `heads`: of this chain and others; others are passed over. `follows`: the batch of another
  // chain that the first one names as the batch before it; seq 0: none.
  ChainChecker(const ChainId& chain, const std::vector<ChainHead>& heads,
               std::optional<ChainHead> follows = std::nullopt);

  // The next batch in order, as it is stored, and the leaves of its events as they read now, in the
  // journal's order; nullopt where they are not there to be read any more (retention). Returns what
  // is wrong, a sentence each; nothing: all fits.
  std::vector<std::string> check(const Seal& seal, std::optional<std::vector<Sha256>> leaves);
  // After the last: outside heads that the store should have had.
  std::vector<std::string> finish() const;

  std::uint64_t batches() const { return batches_; }
  std::uint64_t events() const { return events_; }  // whose leaves were there
  std::uint64_t unread() const { return unread_; }  // whose leaves were not
  std::uint64_t heads_met() const { return heads_met_; }
  const std::optional<Seal>& first() const { return first_; }
  const std::optional<Seal>& last() const { return last_; }

 private:
  void check_link(const Seal& seal, std::vector<std::string>& problems) const;

  ChainId chain_;
  std::optional<ChainHead> follows_;
  std::vector<ChainHead> heads_;  // of this chain, by seq
  std::optional<Seal> first_, last_;
  std::uint64_t batches_ = 0, events_ = 0, unread_ = 0, heads_met_ = 0;
  Sha256Hasher hasher_;
};

}  // namespace kcloud::core
