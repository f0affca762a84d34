// Streams of events made up from a seed, with what the engine hears between them: late and
// back-dated ones, clocks ahead, silences, several collectors. No event comes twice.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "core/catalogue.h"
#include "core/event.h"

namespace kcloud::rules {

struct Input {
  const core::Event* event = nullptr;  // nullptr: how far event time has come
  core::Time frontier;
};

struct Stream {
  core::EventBatch batch;
  std::vector<Input> inputs;
};

Stream random_stream(const core::Catalogue& catalogue, std::uint32_t seed, std::size_t events);

}  // namespace kcloud::rules
