// The demo's progress, on one line. Pure.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>

namespace kcloud::cli {

struct Progress {
  std::uint64_t accepted = 0;
  std::uint64_t duplicates = 0;
  std::uint64_t rejected = 0;
  std::uint64_t goal = 0;  // 0: no end
  std::chrono::duration<double> elapsed{0};

  std::uint64_t done() const { return accepted + duplicates + rejected; }
};

// With a goal `[█████···]  50 %  500/1000  20/s  25 s left`, without one counts and rate; the bar
// takes what `columns` leaves it.
std::string progress_line(const Progress& progress, std::size_t columns);
// The last words: `1000 accepted, 0 duplicates, 0 rejected in 50.0 s (20 events/s)`.
std::string summary(const Progress& progress);

}  // namespace kcloud::cli
