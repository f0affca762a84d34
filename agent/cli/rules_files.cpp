#include "agent/cli/rules_files.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <stdexcept>

#include "agent/cli/line.h"
#include "agent/cli/styled.h"
#include "agent/startup.h"

namespace kcloud::cli {
namespace {

namespace fs = std::filesystem;

// Hidden ones are editors' and ConfigMaps' own.
bool is_rule_file(const fs::path& path) {
  const std::string name = path.filename().string();
  const bool yaml = name.ends_with(".yaml") || name.ends_with(".yml");
  return yaml && !name.starts_with('.') && !is_test_file(name);
}

std::vector<fs::path> files_at(const fs::path& path) {
  if (!fs::is_directory(path)) return {path};
  std::vector<fs::path> files;
  for (const auto& entry : fs::directory_iterator(path))
    if (is_rule_file(entry.path()) && entry.is_regular_file()) files.push_back(entry.path());
  std::sort(files.begin(), files.end());
  if (files.empty())
    throw std::runtime_error(fmt::format("{}: no *.yaml or *.yml in it", path.string()));
  return files;
}

// As rules::with_line(), with the word `error` and the caret standing out.
std::string shown(const config::Problem& problem, const std::string& text, bool colours) {
  std::istringstream lines(rules::with_line(problem, text));
  std::string out;
  std::string line;
  for (int number = 0; std::getline(lines, line); ++number) {
    Line spans{{printable(line)}};
    constexpr std::string_view kError = " error: ";
    const std::size_t at = spans[0].text.find(kError);
    if (number == 0 && at != std::string::npos)
      spans = {{spans[0].text.substr(0, at), Style::kBold},
               {std::string(kError), Style::kBad},
               {spans[0].text.substr(at + kError.size())}};
    else if (number == 2)
      spans[0].style = Style::kGood;
    out += to_terminal(spans, colours) + "\n";
  }
  return out;
}

}  // namespace

bool is_test_file(std::string_view path) {
  return path.ends_with("_test.yaml") || path.ends_with("_test.yml");
}

rules::RuleFile read_rule_file(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  std::ostringstream text;
  if (in) text << in.rdbuf();
  if (!in) throw std::runtime_error(fmt::format("{}: {}", path, std::strerror(errno)));
  return {path, text.str()};
}

std::vector<rules::RuleFile> read_rule_files(const std::vector<std::string>& paths) {
  std::vector<rules::RuleFile> files;
  for (const auto& path : paths)
    for (const auto& file : files_at(path)) files.push_back(read_rule_file(file.string()));
  return files;
}

std::shared_ptr<const core::Catalogue> catalogue_of(const std::string& config_file) {
  return agent::load_or_throw({.config_file = config_file}).catalogue;
}

void tell(const config::Problems& problems, const std::vector<rules::RuleFile>& files) {
  const bool colours = isatty(STDERR_FILENO) == 1;
  for (const auto& problem : problems) {
    const auto file = std::find_if(files.begin(), files.end(),
                                   [&](const auto& f) { return f.name == problem.file; });
    fmt::print(stderr, "{}", shown(problem, file->text, colours));
  }
}

}  // namespace kcloud::cli
