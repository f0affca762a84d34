#include "config/analytics.h"

#include <fmt/format.h>

#include <algorithm>

#include "config/instance.h"
#include "config/options.h"
#include "config/reader.h"
#include "config/suggest.h"

namespace kcloud::config {
namespace {

const std::vector<std::string> kKinds{"latency", "availability", "events"};
constexpr std::size_t kMostObjectives = 50;

ObjectiveConfig read_objective(const std::string& name, Section& section) {
  ObjectiveConfig objective;
  objective.name = name;
  check_instance(section, "an objective", name);
  section.read_choice("kind", objective.kind, kKinds);
  if (std::ranges::find(kKinds, objective.kind) == kKinds.end()) {
    if (!section.has("kind")) section.fail("", "needs `kind`: one of " + joined(kKinds));
    section.ignore_rest();
    return objective;
  }
  section.read("target", objective.target);
  if (!section.has("target") || !(objective.target > 0 && objective.target < 1))
    section.fail("target", "must be a share above 0 and below 1, such as 0.999");
  if (objective.kind == "latency") {
    section.read("type", objective.type);
    section.read("field", objective.field);
    section.read("at_most", objective.at_most);
    if (!section.has("at_most")) section.fail("", "a latency objective needs `at_most`");
  } else if (objective.kind == "events") {
    section.read("total", objective.total);
    section.read("good", objective.good);
    for (const char* key : {"total", "good"})
      if (!section.has(key))
        section.fail("",
                     fmt::format("an objective of events needs `{}`: a selector of the rule "
                                 "language, such as scheduling_decision{{outcome == \"success\"}}",
                                 key));
  }
  return objective;
}

}  // namespace

std::vector<ObjectiveConfig> default_objectives() {
  ObjectiveConfig latency;
  latency.name = "scheduling-latency";
  latency.kind = "latency";
  latency.target = 0.99;
  latency.at_most = 100;
  ObjectiveConfig availability;
  availability.name = "availability";
  availability.kind = "availability";
  availability.target = 0.999;
  return {latency, availability};
}

void read_analytics(Section section, AnalyticsConfig& analytics) {
  visit_analytics(Reader{section}, analytics);
  auto named = section.named("objectives");
  if (named.empty()) return;
  analytics.objectives.clear();
  for (auto& [name, entry] : named) analytics.objectives.push_back(read_objective(name, entry));
  if (analytics.objectives.size() > kMostObjectives)
    section.fail("objectives", fmt::format("must be at most {}", kMostObjectives));
}

}  // namespace kcloud::config
