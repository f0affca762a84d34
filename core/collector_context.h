// What the agent gives every collector: how to decode, whom events name, where to keep state.
#pragma once

#include <cstddef>
#include <memory>
#include <string>

#include "core/catalogue.h"
#include "core/decode.h"
#include "core/time.h"

namespace kcloud::core {

struct CollectorContext {
  std::string name;                            // instance: `collector` of its events
  std::string agent;                           // this agent's name
  std::shared_ptr<const Catalogue> catalogue;  // alive as long as the collector
  DecodeOptions decode;
  Dedup dedup = Dedup::kId;
  std::size_t dead_letter_body_bytes = 64 << 10;
  std::string state_dir;         // of this instance, under the data directory; may not exist yet
  const Clock* clock = nullptr;  // outlives the collector
};

}  // namespace kcloud::core
