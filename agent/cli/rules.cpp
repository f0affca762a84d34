#include "agent/cli/rules.h"

#include <fmt/format.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
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
#include "agent/exit_code.h"
#include "agent/startup.h"
#include "core/json.h"
#include "rules/load.h"

namespace kcloud::cli {
namespace {

namespace fs = std::filesystem;

// Hidden ones are editors' and ConfigMaps' own; tests of rules stand beside them.
bool is_rule_file(const fs::path& path) {
  const std::string name = path.filename().string();
  const bool yaml = name.ends_with(".yaml") || name.ends_with(".yml");
  return yaml && !name.starts_with('.') && !name.ends_with("_test.yaml") &&
         !name.ends_with("_test.yml");
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

std::vector<rules::RuleFile> read_files(const std::vector<std::string>& paths) {
  std::vector<rules::RuleFile> files;
  for (const auto& path : paths) {
    for (const auto& file : files_at(path)) {
      std::ifstream in(file, std::ios::binary);
      std::ostringstream text;
      if (in) text << in.rdbuf();
      if (!in) throw std::runtime_error(fmt::format("{}: {}", file.string(), std::strerror(errno)));
      files.push_back({file.string(), text.str()});
    }
  }
  return files;
}

std::shared_ptr<const core::Catalogue> catalogue_of(const std::string& config_file) {
  return agent::load_or_throw({.config_file = config_file}).catalogue;
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

struct Totals {
  std::size_t files = 0, groups = 0, rules = 0;
};

Totals totals(const std::vector<rules::RuleFile>& files, const rules::Loaded& loaded) {
  Totals out{files.size(), 0, 0};
  if (!loaded.rules) return out;
  out.groups = loaded.rules->groups.size();
  for (const auto& group : loaded.rules->groups) out.rules += group.rules.size();
  return out;
}

std::string as_json(const Totals& totals, const rules::Loaded& loaded) {
  std::string out = fmt::format(R"({{"ok":{},"files":{},"groups":{},"rules":{},"problems":[)",
                                loaded.ok(), totals.files, totals.groups, totals.rules);
  for (const auto& problem : loaded.problems) {
    core::append_comma(out);
    out += "{\"file\":";
    core::append_json_string(out, problem.file);
    out += fmt::format(R"(,"line":{},"column":{},"message":)", problem.line, problem.column);
    core::append_json_string(out, problem.message);
    out += '}';
  }
  return out + "]}\n";
}

void tell(const std::vector<rules::RuleFile>& files, const rules::Loaded& loaded) {
  const bool colours = isatty(STDERR_FILENO) == 1;
  for (const auto& problem : loaded.problems) {
    const auto file = std::find_if(files.begin(), files.end(),
                                   [&](const auto& f) { return f.name == problem.file; });
    fmt::print(stderr, "{}", shown(problem, file->text, colours));
  }
}

int check(const RulesOptions& options) {
  const auto files = read_files(options.paths);
  const rules::Loaded loaded = rules::load(files, catalogue_of(options.config_file));
  const Totals all = totals(files, loaded);
  if (options.format == "json") {
    fmt::print("{}", as_json(all, loaded));
  } else if (loaded.ok()) {
    fmt::print("ok: {} files, {} groups, {} rules\n", all.files, all.groups, all.rules);
  } else {
    tell(files, loaded);
    fmt::print(stderr, "{} problem{} in {} of {} files\n", loaded.problems.size(),
               loaded.problems.size() == 1 ? "" : "s", loaded.bad_files.size(), all.files);
  }
  return loaded.ok() ? 0 : 1;
}

}  // namespace

void add_rules(CLI::App& app, RulesOptions& options) {
  auto* rules = app.add_subcommand("rules", "Alert rule files");
  rules->require_subcommand(1);
  auto* check = rules->add_subcommand(
      "check",
      "All problems of rule files, each with its line. Exit code 0: none, 1: some, 2: something "
      "could not be read");
  check->add_option("path", options.paths, "Files, and directories with *.yaml and *.yml")
      ->required();
  check->add_option(
      "-c,--config", options.config_file,
      "The agent's configuration: its event types count (default: the built-in ones)");
  check->add_option("--format", options.format, "text, or json: one object on standard output")
      ->check(CLI::IsMember({"text", "json"}))
      ->capture_default_str();
}

int run_rules(const CLI::App&, const RulesOptions& options) {
  return agent::guarded([&] { return check(options); });
}

}  // namespace kcloud::cli
