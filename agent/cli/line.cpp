#include "agent/cli/line.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cstdint>

#include "core/json.h"

namespace kcloud::cli {
namespace {

struct Figure {
  std::string_view path, before, after;
};
constexpr std::array kFigures = {
    Figure{"fields.cost_per_hour", "$", "/h"},
    Figure{"fields.power_watts", "", " W"},
    Figure{"fields.cost_saving_per_hour", "saves $", "/h"},
    Figure{"fields.power_saving_watts", "saves ", " W"},
    Figure{"fields.execution_time_ms", "", " ms"},
    Figure{"fields.utilization_pct", "", " % used"},
    Figure{"fields.wasted_cost", "wasted $", ""},
    Figure{"fields.node_count", "", " nodes"},
    Figure{"fields.health_score", "health ", ""},
};

// Further words worth showing, in the order they are shown.
constexpr std::array<std::string_view, 7> kWords = {"fields.kind",
                                                    "fields.action",
                                                    "fields.policy",
                                                    "actor",
                                                    "fields.status",
                                                    "fields.reason",
                                                    "fields.recommended_action"};

std::string_view colour_of(std::string_view type, std::string_view severity) {
  if (severity == "critical" || severity == "high" || severity == "error") return "\x1b[31m";
  if (severity == "warning" || severity == "medium") return "\x1b[33m";
  if (type == "scheduling_decision") return "\x1b[32m";
  if (type == "workload_relocation") return "\x1b[36m";
  if (type == "cluster_reconfiguration") return "\x1b[35m";
  if (type == "policy_change") return "\x1b[34m";
  return "\x1b[37m";
}

// Text at `path`; empty for null and what is no plain value.
std::string at(std::string_view json, std::string_view path) {
  std::string text = core::json_text_at(json, path);
  if (text == "null" || text.starts_with('{') || text.starts_with('[')) return {};
  return printable(text);
}

std::string places(std::string_view json) {
  const std::string workload = at(json, "workload");
  const std::string from = at(json, "fields.from_cluster");
  const std::string cluster = at(json, "cluster");
  std::string out = workload;
  for (const std::string& place : {from, cluster}) {
    if (place.empty()) continue;
    if (!out.empty()) out += " → ";
    out += place;
  }
  return out;
}

}  // namespace

std::string printable(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  for (std::size_t i = 0; i < text.size(); ++i) {
    const auto byte = static_cast<std::uint8_t>(text[i]);
    const auto next = i + 1 < text.size() ? static_cast<std::uint8_t>(text[i + 1]) : 0;
    if (byte < 0x20 || byte == 0x7f) {
      out += ' ';
    } else if (byte == 0xc2 && next >= 0x80 && next <= 0x9f) {
      out += ' ';
      ++i;
    } else {
      out += text[i];
    }
  }
  return out;
}

std::string event_line(std::string_view event_json, bool colours) {
  const std::string type = at(event_json, "type");
  const std::string severity = at(event_json, "severity");
  const std::string_view on = colours ? colour_of(type, severity) : std::string_view();
  std::string out = fmt::format("{:<24} {}{:<23}{} {}", at(event_json, "time"), on, type,
                                colours ? "\x1b[0m" : "", places(event_json));
  if (!severity.empty()) out += fmt::format("  [{}]", severity);
  for (const Figure& figure : kFigures) {
    const std::string value = at(event_json, figure.path);
    if (!value.empty()) out += fmt::format("  {}{}{}", figure.before, value, figure.after);
  }
  if (at(event_json, "fields.outcome") == "failure") out += "  FAILED";
  for (const std::string_view path : kWords) {
    const std::string value = at(event_json, path);
    if (!value.empty()) out += "  " + value;
  }
  return out;
}

}  // namespace kcloud::cli
