// Seals as lines of a `_bulk` request: a `create` action and a document each. Pure.
//
// The index is `<prefix>-audit_seal-YYYY.MM.DD` by the day it was sealed, the `_id` the chain and
// the number: the same seal always meets its own document, and one that was changed later meets the
// first, which stays. No event's index has that name, as the catalogue keeps the type's.
#pragma once

#include <string>
#include <string_view>

#include "core/seal.h"

namespace kcloud::elasticsearch {

// In place of a type's name, in index and template names.
inline constexpr std::string_view kSealType = "audit_seal";

class SealEncoder {
 public:
  SealEncoder(std::string_view prefix, std::string_view agent, std::string_view agent_cluster);

  // Appends two lines, each with its newline.
  void append(const core::Seal& seal, std::string& out) const;

 private:
  std::string action_;  // up to the index's date
  std::string agent_, agent_cluster_;
};

}  // namespace kcloud::elasticsearch
