// What the kernel says about this process: memory, CPU time, open files, start. Reads /proc; any
// thread, some tens of microseconds.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

namespace kcloud::api {

struct ProcessStats {
  double cpu_seconds = 0;    // user and system, since the start
  double start_seconds = 0;  // since 1970; 0: unknown
  std::uint64_t resident_bytes = 0;
  std::uint64_t virtual_bytes = 0;
  std::uint64_t threads = 0;
  std::uint64_t open_fds = 0;
  std::uint64_t max_fds = 0;
};

// From the texts of /proc/<pid>/stat and /proc/stat (proc(5)). nullopt when the first is no such
// text. Pure.
std::optional<ProcessStats> parse_process(std::string_view process_stat, std::string_view stat,
                                          double ticks_per_second, std::uint64_t page_bytes);

// nullopt without /proc.
std::optional<ProcessStats> read_process();

}  // namespace kcloud::api
