// How many rows of audit_event name each batch.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "core/seal.h"
#include "exporters/postgres/connection.h"

namespace kcloud::postgres {

// In the order of chains and batches, within the transaction that is open.
class RowCounts {
 public:
  explicit RowCounts(Connection& connection);

  struct Group {
    std::optional<core::ChainId> chain;  // nullopt, as `seq`: the rows name none
    std::optional<std::int64_t> seq;
    std::int64_t rows = 0;
    bool before(const core::ChainId& other, std::int64_t number) const {
      if (!chain || *chain != other) return chain && *chain < other;
      return seq && *seq < number;
    }
  };
  const Group* next() const { return at_ < groups_.size() ? &groups_[at_] : nullptr; }
  void pass() {
    if (++at_ == groups_.size()) fetch();
  }

 private:
  void fetch();

  Connection& connection_;
  std::vector<Group> groups_;
  std::size_t at_ = 0;
};

}  // namespace kcloud::postgres
