// What the names in a rule file mean, and where its problems go. Internal to rules/.
#pragma once

#include <map>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "rules/load.h"
#include "rules/rule.h"

namespace kcloud::rules {

struct NamedList {
  std::vector<config::Text> values;
  Place place;  // of its name
  bool used = false;
};

struct NamedFilter {
  config::Text text;
  Place place;
  bool used = false;
  bool open = false;  // being read: a use in it would have no end
};

struct Scope {
  const core::Catalogue& catalogue;
  const LoadOptions& options;
  const std::string& file;
  config::Problems& problems;
  std::map<std::string, NamedList, std::less<>> lists{};
  std::map<std::string, NamedFilter, std::less<>> filters{};

  static constexpr std::size_t kMaxConditions = 50'000;
  std::size_t conditions = 0;  // of all filters and lists, named ones at each use

  static constexpr std::size_t kMaxProblems = 100;
  bool has_enough() const { return problems.size() >= kMaxProblems; }
  void problem(Place at, std::string message) {
    if (!has_enough()) problems.push_back({file, at.line, at.column, std::move(message)});
  }
};

// What a rule may take of memory and stack.
struct Budget {
  static constexpr int kMaxDepth = 100;
  static constexpr int kMaxWindows = 64;

  int depth = 0;
  int windows = 0;
};

}  // namespace kcloud::rules
