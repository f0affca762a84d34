// `kcloud-logger demo`: posts a believable fleet's events to a running agent: what happens now, or
// the history of the last days. Blocks until the count or the present is reached or Ctrl-C; the
// return value is the process's exit code.
#pragma once

#include <cstdint>
#include <string>

#include "agent/cli/address.h"

namespace kcloud::cli {

struct DemoOptions {
  Address agent;
  double rate = 20;         // events/s
  std::uint64_t count = 0;  // 0: until Ctrl-C
  std::uint64_t seed = 0;   // 0: a new fleet each time

  std::uint32_t days = 0;   // history from that many days ago; 0: events of now at `rate`
  double per_day = 20'000;  // events of history, the mean of a week
  std::string until;        // where history ends, RFC 3339; empty: now
  std::string output;       // history as JSON lines into this file (`-`: standard output)
};

// How many events go into one request at a rate: one up to 20 events/s, at most 500.
std::uint64_t events_per_request(double rate);

// 0: everything was accepted; 1: something was refused or nobody answered; 2: wrong options.
int demo(const DemoOptions& options);
// The same with `days`.
int demo_past(const DemoOptions& options);

}  // namespace kcloud::cli
