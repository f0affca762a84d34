#include "agent/delivery/seals_to_carry.h"

#include <algorithm>

#include "agent/journal/cursor_name.h"

namespace kcloud::delivery {

bool SealsToCarry::waiting() const {
  const auto chain = journal_.chain();
  // Another chain: salvage lost the name of the one before.
  if (parts_.empty() || chain.chain != parts_.back().chain) return true;
  return part_ + 1 < parts_.size() || (chain.last && chain.last->seq > at_);
}

std::vector<core::Seal> SealsToCarry::next(journal::Reader& reader, std::size_t limit) {
  if (parts_.empty() || journal_.chain().chain != parts_.back().chain) {
    parts_ = reader.lineage();
    if (parts_.empty()) return {};
    enter(0);
  }
  auto seals = reader.seals_after(parts_[part_].chain, at_, limit);
  while (seals.empty() && part_ + 1 < parts_.size()) {
    enter(part_ + 1);
    seals = reader.seals_after(parts_[part_].chain, at_, limit);
  }
  if (seals.empty()) return seals;
  gone_ = at_ == 0 ? 0 : seals.front().seq - at_ - 1;
  return seals;
}

void SealsToCarry::enter(std::size_t part) {
  part_ = part;
  const auto cursors = journal_.cursors();
  const auto known = std::ranges::find(
      cursors, journal::seals_cursor(exporter_, parts_[part].chain), &journal::CursorInfo::name);
  at_ = known == cursors.end() ? 0 : known->seq;
  // Where salvage lost seals the chain goes on at a number that was carried before.
  if (const auto chain = journal_.chain(); chain.chain == parts_[part].chain)
    at_ = std::min(at_, chain.last ? chain.last->seq : 0);
}

void SealsToCarry::done(std::uint64_t last) {
  at_ = last;
  journal_.move_cursor(journal::seals_cursor(exporter_, parts_[part_].chain), at_, {}, {});
}

}  // namespace kcloud::delivery
