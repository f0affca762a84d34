// One walk over a parsed document that finds the best value of every slot of a plan. Internal to
// core/.
#pragma once

#include <simdjson.h>

#include <cstdint>
#include <limits>
#include <vector>

#include "core/decode_plan.h"

namespace kcloud::core {

// The best value seen for a slot during the walk.
struct Candidate {
  enum class State : std::uint8_t { kNone, kElement, kCount, kMin };
  State state = State::kNone;
  std::uint16_t rank = std::numeric_limits<std::uint16_t>::max();
  double number = 0;
  simdjson::dom::element value;
};

// Leaves one candidate a slot in `found`; their values point into the parser's memory.
void walk(const Plan& plan, const simdjson::dom::object& root, std::vector<Candidate>& found);

}  // namespace kcloud::core
