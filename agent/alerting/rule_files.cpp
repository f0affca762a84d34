#include "agent/alerting/rule_files.h"

#include <fmt/format.h>
#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <fstream>
#include <sstream>

#include "rules/defaults.h"

namespace kcloud::alerting {
namespace {

namespace fs = std::filesystem;

bool is_rule_file(const fs::path& path) {
  const std::string name = path.filename().string();
  if (name.starts_with('.') || name.ends_with("_test.yaml") || name.ends_with("_test.yml"))
    return false;
  return name.ends_with(".yaml") || name.ends_with(".yml");
}

// Sorted. `may_miss`: a directory that is not there has none.
std::vector<fs::path> rule_files(const fs::path& directory, bool may_miss,
                                 config::Problems* problems) {
  std::vector<fs::path> found;
  if (directory.empty()) return found;
  std::error_code error;
  for (fs::directory_iterator it(directory, error), end; !error && it != end; it.increment(error))
    if (is_rule_file(it->path())) found.push_back(it->path());
  const bool absent = may_miss && error == std::errc::no_such_file_or_directory;
  if (error && !absent && problems != nullptr)
    problems->push_back(
        {directory.string(), 0, 0,
         fmt::format("cannot be read: {} (expected a directory of rule files)", error.message())});
  std::ranges::sort(found);
  return found;
}

void read_file(const fs::path& path, ReadRules& out) {
  std::ifstream file(path, std::ios::binary);
  std::ostringstream text;
  if (file) text << file.rdbuf();
  if (!file || text.bad()) {
    out.problems.push_back(
        {path.string(), 0, 0, fmt::format("cannot be read: {}", std::strerror(errno))});
    return;
  }
  out.files.push_back({path.string(), std::move(text).str()});
}

}  // namespace

ReadRules read_rules(const RuleSources& sources) {
  ReadRules out;
  if (sources.defaults) out.files = rules::default_files();
  for (const auto* directory : {&sources.directory, &sources.posted})
    for (const auto& path : rule_files(*directory, directory == &sources.posted, &out.problems))
      read_file(path, out);
  return out;
}

std::string fingerprint(const RuleSources& sources) {
  std::string out;
  for (const auto* directory : {&sources.directory, &sources.posted}) {
    for (const auto& path : rule_files(*directory, true, nullptr)) {
      struct stat info {};
      if (stat(path.c_str(), &info) != 0) continue;
      fmt::format_to(std::back_inserter(out), "{}\n{} {} {} {}.{:09}\n", path.string(),
                     static_cast<std::uint64_t>(info.st_dev), info.st_ino, info.st_size,
                     info.st_mtim.tv_sec, info.st_mtim.tv_nsec);
    }
  }
  return out;
}

}  // namespace kcloud::alerting
