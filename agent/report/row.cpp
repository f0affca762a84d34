#include "agent/report/row.h"

#include <initializer_list>
#include <string>

#include "core/catalogue.h"
#include "core/json.h"

namespace kcloud::report {
namespace {

// The first of the fields that the event has.
Value find(const core::Event& event, core::EventBatch& batch,
           std::initializer_list<std::string_view> names) {
  if (event.type == nullptr)
    return {batch.keep(core::json_text_at(event.body, {*names.begin()})), false};
  for (const auto name : names) {
    const auto slot = event.type->slot(name);
    if (!slot || *slot >= event.fields.size() || !event.fields[*slot].present()) continue;
    const auto& value = event.fields[*slot];
    if (value.kind == core::FieldValue::Kind::kText)
      return {value.text, event.type->fields[*slot].type == core::FieldType::kJson};
    std::string text;
    core::append_json_value(text, value);
    return {batch.keep(text), true};
  }
  return {};
}

}  // namespace

Row row_of(const core::Event& event, core::EventBatch& batch) {
  Row row;
  row.time = event.time;
  row.id = event.id;
  row.type = event.type_name;
  row.action = find(event, batch, {"action", "state", "trigger", "kind"}).text;
  row.target = find(event, batch, {"target", "policy", "rule", "alert_id", "cluster_id"}).text;
  row.actor = event.actor;
  row.cluster = event.cluster;
  row.workload = event.workload;
  row.source = event.source;
  row.reason = event.reason;
  row.outcome = find(event, batch, {"outcome"}).text;
  row.before = find(event, batch, {"before", "from_cluster"});
  row.after = find(event, batch, {"after", "to_cluster", "detail"});
  row.agent = event.agent;
  return row;
}

}  // namespace kcloud::report
