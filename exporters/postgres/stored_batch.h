// A batch as the database holds it: a row of audit_batch.
#pragma once

#include <algorithm>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "core/seal.h"
#include "exporters/postgres/connection.h"

namespace kcloud::postgres {

// False when the value has another size.
template <typename Array>
bool read_bytes(std::string_view bytes, Array& out) {
  if (bytes.size() != out.size()) return false;
  std::ranges::copy(bytes, out.begin());
  return true;
}

struct StoredBatch {
  core::Seal seal;
  std::string ids, leaves, days;
  bool whole = true;  // its hashes have the size of one

  std::size_t size() const { return ids.size() / 16; }
  std::string_view id(std::size_t i) const { return std::string_view(ids).substr(16 * i, 16); }
  std::int32_t day(std::size_t i) const {
    const auto high = static_cast<std::uint8_t>(days[2 * i]);
    const auto low = static_cast<std::uint8_t>(days[2 * i + 1]);
    return seal.day + static_cast<std::int16_t>(high << 8 | low);
  }
  core::Sha256 leaf(std::size_t i) const {
    core::Sha256 leaf{};
    read_bytes(std::string_view(leaves).substr(32 * i, 32), leaf);
    return leaf;
  }
  bool consistent() const {
    return whole && ids.size() % 16 == 0 && leaves.size() == 2 * ids.size() &&
           8 * days.size() == ids.size();
  }
};

// Batches of the chain behind `after`, by number, at most `limit`. Throws Error.
std::vector<StoredBatch> batches_behind(Connection& connection, const core::ChainId& chain,
                                        std::int64_t after, std::int64_t limit);

}  // namespace kcloud::postgres
