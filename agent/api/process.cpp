#include "agent/api/process.h"

#include <sys/resource.h>
#include <unistd.h>

#include <charconv>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>

namespace kcloud::api {

namespace {

// The fields of /proc/<pid>/stat that count, by their number in proc(5).
enum Field { kUserTicks = 14, kSystemTicks = 15, kThreads = 20, kStart = 22, kVirtual, kResident };

std::uint64_t number(std::string_view text) {
  std::uint64_t value = 0;
  std::from_chars(text.data(), text.data() + text.size(), value);
  return value;
}

// Seconds since 1970 at which the machine was started.
double boot_time(std::string_view stat) {
  const auto at = stat.find("\nbtime ");
  return at == std::string_view::npos ? 0 : static_cast<double>(number(stat.substr(at + 7)));
}

std::string read_file(const char* path) {
  std::ifstream file(path);
  return {std::istreambuf_iterator<char>(file), {}};
}

}  // namespace

std::optional<ProcessStats> parse_process(std::string_view process_stat, std::string_view stat,
                                          double ticks_per_second, std::uint64_t page_bytes) {
  // The command's name, in parentheses, may hold anything.
  const auto name_end = process_stat.rfind(") ");
  if (name_end == std::string_view::npos) return std::nullopt;
  std::string_view rest = process_stat.substr(name_end + 2);
  std::uint64_t fields[kResident + 1] = {};
  for (int field = 3; field <= kResident; ++field) {
    if (rest.empty()) return std::nullopt;
    const auto end = rest.find(' ');
    fields[field] = number(rest.substr(0, end));
    rest = end == std::string_view::npos ? std::string_view() : rest.substr(end + 1);
  }
  ProcessStats out;
  out.cpu_seconds =
      static_cast<double>(fields[kUserTicks] + fields[kSystemTicks]) / ticks_per_second;
  const double boot = boot_time(stat);
  if (boot > 0) out.start_seconds = boot + static_cast<double>(fields[kStart]) / ticks_per_second;
  out.threads = fields[kThreads];
  out.virtual_bytes = fields[kVirtual];
  out.resident_bytes = fields[kResident] * page_bytes;
  return out;
}

std::optional<ProcessStats> read_process() {
  auto out = parse_process(read_file("/proc/self/stat"), read_file("/proc/stat"),
                           static_cast<double>(sysconf(_SC_CLK_TCK)),
                           static_cast<std::uint64_t>(sysconf(_SC_PAGESIZE)));
  if (!out) return out;
  std::error_code error;
  for (std::filesystem::directory_iterator entry("/proc/self/fd", error), end;
       !error && entry != end; entry.increment(error)) {
    ++out->open_fds;
  }
  rlimit limit{};
  if (getrlimit(RLIMIT_NOFILE, &limit) == 0) out->max_fds = limit.rlim_cur;
  return out;
}

}  // namespace kcloud::api
