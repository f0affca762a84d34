#include "tests/exporters/elasticsearch/fixtures.h"

#include <stdexcept>

#include "config/config.h"

namespace kcloud::elasticsearch::testing {

std::shared_ptr<const core::Catalogue> catalogue() {
  static const auto built_in = [] {
    config::Problems problems;
    return config::load_catalogue({}, config::Environment::system(), problems);
  }();
  return built_in;
}

core::Event& Events::add(std::string_view type, const std::string& key, std::int64_t time) {
  core::Event event;
  event.time = core::from_nanos(time);
  event.received = event.time;
  event.id = core::make_event_id(event.time, core::key_digest("test", key));
  event.type = catalogue()->find(type);
  event.type_name = batch.keep(type);
  event.source = "scheduler-a";
  event.workload = "w1";
  event.cluster = "seoul";
  event.agent = "agent-1";
  event.collector = "webhook";
  event.body = batch.keep("{\"key\":\"" + key + "\"}");
  event.body_hash = core::sha256(event.body);
  if (event.type != nullptr) event.fields = batch.allocate_fields(event.type->fields.size());
  return batch.events.emplace_back(event);
}

core::Seal seal(std::uint64_t seq) {
  core::Seal made;
  for (std::uint8_t i = 0; i < 16; ++i) made.chain[i] = i;
  made.seq = seq;
  made.day = 20'103;
  made.events = 10;
  made.total_events = 10 * seq;
  made.journal_end = 10 * seq + 1;
  made.root[0] = 0xaa;
  made.prev[0] = 0xbb;
  made.hash[0] = 0xcc;
  made.hash[1] = static_cast<std::uint8_t>(seq);
  made.sealed = core::from_nanos(1'736'937'000'123'456'789);
  return made;
}

core::FieldValue& field(core::Event& event, std::string_view name) {
  const auto slot = event.type->slot(name);
  if (!slot) throw std::invalid_argument("no field " + std::string(name));
  return const_cast<core::FieldValue&>(event.fields[*slot]);
}

core::FieldValue integer(std::int64_t value) {
  return {.kind = core::FieldValue::Kind::kInteger, .integer = value};
}

core::FieldValue real(double value) {
  return {.kind = core::FieldValue::Kind::kReal, .real = value};
}

core::FieldValue text(std::string_view value) {
  return {.kind = core::FieldValue::Kind::kText, .text = value};
}

}  // namespace kcloud::elasticsearch::testing
