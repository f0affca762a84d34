// The webhook's own counters beside those every collector has: how events came, and why requests
// were refused. Written on the I/O thread, read by any.
#pragma once

#include <array>

#include "collectors/webhook/content.h"
#include "core/counters.h"

namespace kcloud::webhook {

struct Counters {
  std::array<core::Counter, kModes.size()> events{};      // by Mode; as `received` counts them
  std::array<core::Counter, kCodings.size()> requests{};  // by Coding; that reached the journal
  std::array<core::Counter, kRefusals.size()> refused{};  // requests, by Refusal
};

}  // namespace kcloud::webhook
