#include "tests/exporters/influxdb/fixtures.h"

#include <vector>

#include "core/event_id.h"

namespace kcloud::influxdb::testing {
namespace {

core::Field field(const std::string& name, core::FieldRole role, core::FieldType type) {
  core::Field made;
  made.name = name;
  made.role = role;
  made.type = type;
  made.paths = {name};
  return made;
}

void set(core::FieldValue& slot, const Value& value, core::EventBatch& batch) {
  using Kind = core::FieldValue::Kind;
  if (const auto* integer = std::get_if<std::int64_t>(&value)) {
    slot.kind = Kind::kInteger;
    slot.integer = *integer;
  } else if (const auto* real = std::get_if<double>(&value)) {
    slot.kind = Kind::kReal;
    slot.real = *real;
  } else if (const auto* boolean = std::get_if<bool>(&value)) {
    slot.kind = Kind::kBoolean;
    slot.boolean = *boolean;
  } else {
    slot.kind = Kind::kText;
    slot.text = batch.keep(std::get<std::string>(value));
  }
}

}  // namespace

core::Catalogue make_catalogue() {
  using core::FieldRole;
  using core::FieldType;
  core::EventType decision;
  decision.name = "decision";
  decision.fields = {field("scheduler", FieldRole::kTag, FieldType::kText),
                     field("cluster", FieldRole::kTag, FieldType::kText),
                     field("outcome", FieldRole::kTag, FieldType::kText),
                     field("execution_time_ms", FieldRole::kMeasure, FieldType::kInteger),
                     field("power_watts", FieldRole::kMeasure, FieldType::kReal),
                     field("workload", FieldRole::kText, FieldType::kText),
                     field("reason", FieldRole::kText, FieldType::kText)};
  core::EventType inefficiency;
  inefficiency.name = "inefficiency";
  inefficiency.fields = {field("kind", FieldRole::kTag, FieldType::kText),
                         field("severity", FieldRole::kTag, FieldType::kText),
                         field("idle_hours", FieldRole::kMeasure, FieldType::kReal),
                         field("urgent", FieldRole::kMeasure, FieldType::kBoolean),
                         field("evidence", FieldRole::kText, FieldType::kJson),
                         field("time", FieldRole::kText, FieldType::kText)};
  core::CommonPaths common;
  common.time = {"time"};
  common.type = {"type"};
  return core::Catalogue({decision, inefficiency}, common);
}

core::Event& add_event(core::EventBatch& batch, const core::Catalogue& catalogue,
                       const std::string& type, const std::string& key, std::int64_t nanos,
                       const std::map<std::string, Value>& values) {
  core::Event event;
  event.seq = batch.events.size() + 1;
  event.time = core::from_nanos(nanos);
  event.received = event.time;
  event.id = core::make_event_id(event.time, core::key_digest("test", key));
  event.type = catalogue.find(type);
  event.type_name = batch.keep(type);
  event.agent = "agent-1";
  event.collector = "webhook";
  event.body = batch.keep("{\"key\":\"" + key + "\"}");
  event.body_hash = core::sha256(event.body);
  if (event.type != nullptr) {
    const auto fields = batch.allocate_fields(event.type->fields.size());
    for (const auto& [name, value] : values) set(fields[*event.type->slot(name)], value, batch);
    event.fields = fields;
  }
  return batch.events.emplace_back(event);
}

}  // namespace kcloud::influxdb::testing
