// Names of cursors. An exporter's, `exporter:NAME`, counts positions of the journal; that of the
// seals it carries, `seals:NAME:CHAIN`, counts batches of that chain.
#pragma once

#include <string>
#include <string_view>

#include "core/seal.h"

namespace kcloud::journal {

inline constexpr const char* kRollupsCursor = "rollups";

inline constexpr std::string_view kSealsOf = "seals:";

// Of all chains begin with this. An exporter's name has no colon.
inline std::string seals_cursors(std::string_view exporter) {
  return std::string(kSealsOf).append(exporter) + ':';
}

inline std::string seals_cursor(std::string_view exporter, const core::ChainId& chain) {
  return seals_cursors(exporter) + core::to_string(chain);
}

inline bool counts_batches(std::string_view cursor) { return cursor.starts_with(kSealsOf); }

}  // namespace kcloud::journal
