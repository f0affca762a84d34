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
  bool open = false;                                  // being read: a use in it would have no end
  std::map<const core::EventType*, Filter> parsed{};  // what it means to the types that use it
};

struct Scope {
  const core::Catalogue& catalogue;
  const LoadOptions& options;
  const std::string& file;
  config::Problems& problems;
  std::map<std::string, NamedList, std::less<>> lists{};
  std::map<std::string, NamedFilter, std::less<>> filters{};

  // Of all filters and lists, named ones at each use.
  static constexpr std::size_t kMaxConditions = 50'000;
  std::size_t conditions = 0;
  bool is_exhausted = false;

  static constexpr std::size_t kMaxProblems = 100;
  void problem(Place at, std::string message) {
    if (problems.size() < kMaxProblems)
      problems.push_back({file, at.line, at.column, std::move(message)});
  }
  // Reading on would cost more than it tells.
  bool has_enough() const { return is_exhausted || problems.size() >= kMaxProblems; }
};

// What a rule may take of memory and stack.
struct Budget {
  static constexpr int kMaxDepth = 100;
  static constexpr int kMaxWindows = 64;

  static constexpr std::size_t kMaxConditions = 5'000;  // of one selector's filter

  int depth = 0;
  int windows = 0;
  std::size_t conditions = 0;
};

}  // namespace kcloud::rules
