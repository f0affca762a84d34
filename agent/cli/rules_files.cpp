#include "agent/cli/rules_files.h"

#include <fmt/format.h>

#include <filesystem>
#include <fstream>
#include <set>
#include <sstream>
#include <stdexcept>

namespace kcloud::cli {

namespace fs = std::filesystem;

bool is_test_file(std::string_view path) {
  return path.ends_with("_test.yaml") || path.ends_with("_test.yml");
}

std::string read_rule_file(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  std::ostringstream text;
  if (!file || fs::is_directory(path) || !(text << file.rdbuf()))
    throw std::runtime_error(fmt::format("{} cannot be read", path));
  return text.str();
}

std::vector<rules::RuleFile> rule_files(const std::vector<std::string>& paths) {
  std::vector<std::string> found;
  for (const std::string& path : paths) {
    if (!fs::is_directory(path)) {
      found.push_back(path);
      continue;
    }
    std::set<std::string> inside;
    for (const auto& entry : fs::directory_iterator(path)) {
      const auto extension = entry.path().extension();
      if ((extension == ".yaml" || extension == ".yml") && !is_test_file(entry.path().string()))
        inside.insert(entry.path().string());
    }
    if (inside.empty()) throw std::runtime_error("there are no rule files (*.yaml) in " + path);
    found.insert(found.end(), inside.begin(), inside.end());
  }
  std::vector<rules::RuleFile> files;
  for (const std::string& path : found) files.push_back({path, read_rule_file(path)});
  return files;
}

}  // namespace kcloud::cli
