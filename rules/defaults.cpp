#include "rules/defaults.h"

#include <string_view>

namespace kcloud::rules {

// Made by CMake from the files.
std::string_view default_clusters();
std::string_view default_cost();
std::string_view default_policy();
std::string_view default_relocation();
std::string_view default_scheduling();

std::vector<RuleFile> default_files() {
  return {{"defaults/clusters.yaml", std::string(default_clusters())},
          {"defaults/cost.yaml", std::string(default_cost())},
          {"defaults/policy.yaml", std::string(default_policy())},
          {"defaults/relocation.yaml", std::string(default_relocation())},
          {"defaults/scheduling.yaml", std::string(default_scheduling())}};
}

}  // namespace kcloud::rules
