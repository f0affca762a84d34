#include "tests/exporters/postgres/fixtures.h"

#include "core/sha256.h"

namespace kcloud::postgres::testing {
namespace {

core::Field field(const std::string& name, core::FieldRole role, core::FieldType type) {
  core::Field made;
  made.name = name;
  made.role = role;
  made.type = type;
  made.paths = {name};
  return made;
}

}  // namespace

std::shared_ptr<const core::Catalogue> make_catalogue(const std::string& extra) {
  using core::FieldRole;
  using core::FieldType;
  core::EventType decision;
  decision.name = "decision";
  decision.fields = {field("scheduler", FieldRole::kTag, FieldType::kText),
                     field("cost", FieldRole::kMeasure, FieldType::kReal),
                     field("attempts", FieldRole::kMeasure, FieldType::kInteger),
                     field("urgent", FieldRole::kMeasure, FieldType::kBoolean),
                     field("note", FieldRole::kText, FieldType::kText)};
  if (!extra.empty())
    decision.fields.push_back(field(extra, FieldRole::kMeasure, FieldType::kInteger));
  core::EventType alert;
  alert.name = "alert";
  alert.fields = {field("cost", FieldRole::kText, FieldType::kText)};
  core::CommonPaths common;
  common.time = {"time"};
  common.type = {"type"};
  return std::make_shared<const core::Catalogue>(std::vector{decision, alert}, common);
}

std::int32_t today() {
  return static_cast<std::int32_t>(core::SystemClock().now().time_since_epoch() /
                                   std::chrono::hours(24));
}

Chain::Chain(std::uint8_t id, std::shared_ptr<const core::Catalogue> catalogue)
    : catalogue_(std::move(catalogue)) {
  id_.fill(id);
}

core::Event& Chain::add(const std::string& key, int minutes) {
  core::Event event;
  event.seq = batch.events.size() + 1;
  event.time = core::Time(std::chrono::hours(24) * today()) - std::chrono::minutes(minutes);
  event.received = event.time;
  event.id = core::make_event_id(event.time, core::key_digest("test", key));
  event.type = catalogue_->find("decision");
  event.type_name = event.type->name;
  event.source = "scheduler-a";
  event.workload = "w1";
  event.cluster = "seoul";
  event.agent = "agent-1";
  event.collector = "webhook";
  event.body = batch.keep("{\"key\":\"" + key + "\"}");
  event.body_hash = core::sha256(event.body);
  const auto fields = batch.allocate_fields(event.type->fields.size());
  fields[0] = {.kind = core::FieldValue::Kind::kText, .text = "gpu"};
  fields[1] = {.kind = core::FieldValue::Kind::kReal, .real = 1.5};
  fields[2] = {.kind = core::FieldValue::Kind::kInteger, .integer = 2};
  event.fields = fields;
  return batch.events.emplace_back(event);
}

void Chain::seal(std::int32_t day) {
  core::Sha256Hasher hasher;
  core::Seal seal;
  seal.chain = id_;
  seal.seq = seals.size() + 1;
  seal.day = day;
  const std::size_t from = seals.empty() ? 0 : seals.back().journal_end;
  std::vector<core::Sha256> leaves;
  for (std::size_t i = from; i < batch.events.size(); ++i)
    leaves.push_back(core::leaf_hash(hasher, batch.events[i]));
  seal.events = leaves.size();
  seal.total_events = seal.journal_end = batch.events.size();
  seal.root = core::merkle_root(hasher, leaves);
  if (!seals.empty()) seal.prev = seals.back().hash;
  seal.hash = core::seal_hash(hasher, seal);
  seal.sealed = core::SystemClock().now();
  seals.push_back(seal);
}

core::SealedBatches Chain::sealed(std::size_t from_seal) const {
  const std::size_t from = from_seal == 0 ? 0 : seals[from_seal - 1].journal_end;
  const auto end = seals.empty() ? 0 : seals.back().journal_end;
  return {std::span(seals).subspan(from_seal), std::span(batch.events).subspan(from, end - from)};
}

Config config_of(const test_support::PostgresServer& server, std::uint16_t port,
                 const std::string& user) {
  Config config;
  config.url = server.url(user, port);
  return config;
}

test_support::PostgresServer& empty_server() {
  static test_support::PostgresServer server;
  server.query("DROP SCHEMA IF EXISTS kcloud_audit CASCADE");
  return server;
}

}  // namespace kcloud::postgres::testing
