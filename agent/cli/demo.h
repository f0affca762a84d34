// `kcloud-logger demo`: posts a believable fleet's events to a running agent. Blocks until the
// count is reached or Ctrl-C; the return value is the process's exit code.
#pragma once

#include <cstdint>
#include <string>

namespace kcloud::cli {

struct DemoOptions {
  std::string url = "http://localhost:8007";
  double rate = 20;         // events/s
  std::uint64_t count = 0;  // 0: until Ctrl-C
  std::uint64_t seed = 0;   // 0: a new fleet each time
  std::string token;        // bearer; empty: none
  std::string ca;           // PEM file of the authorities to trust; empty: the system's
};

// How many events go into one request at a rate: one up to 20 events/s, at most 500.
std::uint64_t events_per_request(double rate);

// 0: everything was accepted; 1: something was refused or nobody answered; 2: wrong options.
int demo(const DemoOptions& options);

}  // namespace kcloud::cli
