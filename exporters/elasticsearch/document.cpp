#include "exporters/elasticsearch/document.h"

#include <fmt/format.h>

#include <chrono>
#include <utility>

#include "core/json.h"

namespace kcloud::elasticsearch {
namespace {

constexpr std::int64_t kDayMs = 86'400'000;

using Kind = core::FieldValue::Kind;

bool fits(const core::FieldValue& value, core::FieldType type) {
  switch (type) {
    case core::FieldType::kInteger:
      return value.kind == Kind::kInteger;
    case core::FieldType::kReal:
      return value.kind == Kind::kInteger || value.kind == Kind::kReal;
    case core::FieldType::kBoolean:
      return value.kind == Kind::kBoolean;
    case core::FieldType::kText:
    case core::FieldType::kJson:
      return value.kind == Kind::kText;
  }
  return false;
}

}  // namespace

std::string date_text(std::int64_t day) {
  const std::chrono::year_month_day date(std::chrono::sys_days{std::chrono::days(day)});
  return fmt::format("{:04}.{:02}.{:02}", static_cast<int>(date.year()),
                     static_cast<unsigned>(date.month()), static_cast<unsigned>(date.day()));
}

std::string index_date(const core::EventId& id) { return date_text(id.unix_ms() / kDayMs); }

DocumentEncoder::DocumentEncoder(std::string prefix, std::string_view agent_cluster)
    : prefix_(std::move(prefix)) {
  if (agent_cluster.empty()) return;
  agent_cluster_ = ",\"agent_cluster\":";
  core::append_json_string(agent_cluster_, agent_cluster);
}

void DocumentEncoder::append(const core::Event& event, std::string& out) {
  const Plan& plan = plan_of(event.type);
  out += plan.action;
  out += date_of(event.id);
  out += R"(","_id":")";
  core::append_id(out, event.id);
  out += "\"}}\n{\"id\":\"";
  core::append_id(out, event.id);
  out += R"(","@timestamp":")";
  core::append_time(out, event.time);
  out += R"(","received":")";
  core::append_time(out, event.received);
  out += '"';
  core::append_member(out, "type", event.type_name);
  core::append_member(out, "source", event.source);
  core::append_member(out, "workload", event.workload);
  core::append_member(out, "cluster", event.cluster);
  core::append_member(out, "severity", event.severity);
  core::append_member(out, "actor", event.actor);
  core::append_member(out, "reason", event.reason);
  core::append_member(out, "agent", event.agent);
  core::append_member(out, "collector", event.collector);
  out += agent_cluster_;
  out += R"(,"fields":{)";
  for (std::size_t slot = 0; slot < plan.keys.size() && slot < event.fields.size(); ++slot) {
    const auto& value = event.fields[slot];
    if (!fits(value, plan.types[slot])) continue;
    core::append_comma(out);
    out += plan.keys[slot];
    core::append_json_value(out, value);
  }
  // As text: what the body holds can neither fail the document nor be changed on the way.
  out += R"(},"body":)";
  core::append_json_string(out, event.body);
  out += "}\n";
}

const DocumentEncoder::Plan& DocumentEncoder::plan_of(const core::EventType* type) {
  const auto found = plans_.find(type);
  if (found != plans_.end()) return found->second;
  Plan plan;
  plan.action = fmt::format(R"({{"create":{{"_index":"{}-{}-)", prefix_,
                            type == nullptr ? kOther : std::string_view(type->name));
  if (type != nullptr) {
    for (const auto& field : type->fields) {
      plan.keys.push_back('"' + field.name + "\":");
      plan.types.push_back(field.type);
    }
  }
  return plans_.emplace(type, std::move(plan)).first->second;
}

const std::string& DocumentEncoder::date_of(const core::EventId& id) {
  if (const auto day = id.unix_ms() / kDayMs; day != day_) {
    day_ = day;
    date_ = index_date(id);
  }
  return date_;
}

}  // namespace kcloud::elasticsearch
