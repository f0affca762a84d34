#include "agent/analytics/objectives.h"

#include <fmt/format.h>

#include "core/hash.h"
#include "rules/events.h"
#include "rules/match.h"

namespace kcloud::analytics {
namespace {

// Numbers that were judged by other words are no longer its own.
std::string measure_of(const config::ObjectiveConfig& objective, const std::string& words) {
  return fmt::format("objective:{}:{:016x}", objective.name, core::hash_of(words));
}

void read_latency(const config::ObjectiveConfig& wanted, const core::Catalogue& catalogue,
                  const std::string& file, config::Problems& problems, Objectives& out) {
  const auto fail = [&](const std::string& what) {
    problems.push_back({file, 0, 0, fmt::format("analytics.objectives.{}: {}", wanted.name, what)});
  };
  const core::EventType* type = catalogue.find_endpoint(wanted.type);
  if (type == nullptr) return fail(fmt::format("there is no event type '{}'", wanted.type));
  const auto slot = type->slot(wanted.field);
  if (!slot || type->fields[*slot].role != core::FieldRole::kMeasure)
    return fail(fmt::format("'{}' is no measure of {}", wanted.field, type->name));
  const std::string good = fmt::format("{} <= {}", wanted.field, wanted.at_most);
  const auto measure = measure_of(wanted, type->name + " " + good);
  out.all.push_back({wanted.name, wanted.kind, wanted.target, type->name, measure, good});
  out.judged.push_back(
      {measure, type->name,
       [slot = *slot, most = wanted.at_most](const core::Event& event) -> std::optional<bool> {
         if (slot >= event.fields.size() || !event.fields[slot].present()) return std::nullopt;
         return event.fields[slot].number() <= most;
       }});
}

void read_events(const config::ObjectiveConfig& wanted, const core::Catalogue& catalogue,
                 const std::string& file, config::Problems& problems, Objectives& out) {
  const auto total = rules::parse_events(wanted.total, file, catalogue, problems);
  const auto good = rules::parse_events(wanted.good, file, catalogue, problems);
  if (!total || !good || total->type == nullptr || good->type == nullptr) return;
  if (total->type != good->type) {
    const auto place = wanted.good.place(0);
    problems.push_back({file, place.line, place.column,
                        fmt::format("`good` selects {}, `total` selects {}: expected one event "
                                    "type, of which good events are a part",
                                    good->type->name, total->type->name)});
    return;
  }
  const auto measure = measure_of(wanted, wanted.total.value() + "\n" + wanted.good.value());
  out.all.push_back(
      {wanted.name, wanted.kind, wanted.target, total->type->name, measure, wanted.good.value()});
  out.judged.push_back(
      {measure, total->type->name,
       [all = total->filter, part = good->filter](const core::Event& event) -> std::optional<bool> {
         if (!rules::passes(all, event)) return std::nullopt;
         return rules::passes(part, event);
       }});
}

}  // namespace

Objectives read_objectives(const config::AnalyticsConfig& config, const core::Catalogue& catalogue,
                           const std::string& file, config::Problems& problems) {
  Objectives out;
  for (const auto& wanted : config.objectives) {
    if (wanted.kind == "latency")
      read_latency(wanted, catalogue, file, problems, out);
    else if (wanted.kind == "events")
      read_events(wanted, catalogue, file, problems, out);
    else
      out.all.push_back(
          {wanted.name, wanted.kind, wanted.target, {}, {}, "up, and placed when asked"});
  }
  return out;
}

}  // namespace kcloud::analytics
