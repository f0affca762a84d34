#include "collectors/kafka/status.h"

#include <librdkafka/rdkafka.h>

#include <utility>

namespace kcloud::kafka {
namespace {

using Kind = core::Measure::Kind;

constexpr std::array<const char*, 3> kModes = {"plain", "structured", "binary"};

}  // namespace

bool Status::set_connected(bool connected) {
  const std::lock_guard lock(mutex_);
  return std::exchange(report_.connected, connected) != connected;
}

bool Status::connected() const {
  const std::lock_guard lock(mutex_);
  return report_.connected;
}

void Status::set_error(std::string error) {
  const std::lock_guard lock(mutex_);
  report_.last_error = std::move(error);
  report_.last_error_time = clock_.now();
}

void Status::arrived(core::Time time) {
  const std::lock_guard lock(mutex_);
  report_.last_event_time = time;
}

void Status::add(const Counts& counts) {
  const std::lock_guard lock(mutex_);
  for (std::size_t i = 0; i < counts.records.size(); ++i) counts_.records[i] += counts.records[i];
  counts_.tombstones += counts.tombstones;
  counts_.rebalances += counts.rebalances;
  counts_.failed_commits += counts.failed_commits;
}

void Status::set_partitions(std::size_t assigned, bool paused, std::vector<Lag> lags) {
  const std::lock_guard lock(mutex_);
  assigned_ = assigned;
  paused_ = paused;
  lags_ = std::move(lags);
}

core::CollectorReport Status::report() const {
  const std::lock_guard lock(mutex_);
  core::CollectorReport report = report_;
  const auto add = [&](const char* name, const char* help, Kind kind, auto value,
                       std::vector<std::pair<std::string, std::string>> labels = {}) {
    report.measures.push_back({name, help, kind, static_cast<double>(value), std::move(labels)});
  };
  for (std::size_t i = 0; i < kModes.size(); ++i)
    add("records_total", "Records read, by how they carry the event", Kind::kCounter,
        counts_.records[i], {{"mode", kModes[i]}});
  add("tombstones_total", "Records without a value, skipped", Kind::kCounter, counts_.tombstones);
  add("rebalances_total", "Times the group gave or took partitions", Kind::kCounter,
      counts_.rebalances);
  add("failed_commits_total", "Offset commits that Kafka refused or did not answer", Kind::kCounter,
      counts_.failed_commits);
  add("assigned_partitions", "Partitions this agent reads", Kind::kGauge, assigned_);
  add("paused_partitions",
      "1 while the partitions are paused because the journal is behind or full", Kind::kGauge,
      paused_ ? 1 : 0);
  std::int64_t all = 0;
  for (const Lag& lag : lags_) all += lag.records;
  add("lag_records", "Records of the assigned partitions that the journal does not have yet",
      Kind::kGauge, all);
  for (const Lag& lag : lags_)
    add("partition_lag_records", "Records of a partition that the journal does not have yet",
        Kind::kGauge, lag.records,
        {{"topic", lag.topic}, {"partition", std::to_string(lag.partition)}});
  return report;
}

std::string_view hint_for(int code) {
  switch (code) {
    case RD_KAFKA_RESP_ERR__ALL_BROKERS_DOWN:
    case RD_KAFKA_RESP_ERR__TRANSPORT:
    case RD_KAFKA_RESP_ERR__RESOLVE:
      return "is Kafka running, do `brokers` and its advertised.listeners name what this machine "
             "can reach?";
    case RD_KAFKA_RESP_ERR__AUTHENTICATION:
    case RD_KAFKA_RESP_ERR_SASL_AUTHENTICATION_FAILED:
      return "look at `security.protocol` and `sasl.…` of the collector's `options`";
    case RD_KAFKA_RESP_ERR__SSL:
      return "look at `security.protocol` and `ssl.…` of the collector's `options`";
    case RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART:
    case RD_KAFKA_RESP_ERR__UNKNOWN_TOPIC:
      return "create the topic, or correct `topics`; it is read once it is there";
    case RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED:
      return "the user needs the ACLs Read and Describe on the topic";
    case RD_KAFKA_RESP_ERR_GROUP_AUTHORIZATION_FAILED:
      return "the user needs the ACL Read on the group";
    case RD_KAFKA_RESP_ERR_FENCED_INSTANCE_ID:
      return "another agent has the same `group_instance_id`: each needs one of its own";
    case RD_KAFKA_RESP_ERR_INCONSISTENT_GROUP_PROTOCOL:
      return "other members of the group do not share partitions cooperatively: give the agents a "
             "`group` of their own";
    default:
      return "";
  }
}

}  // namespace kcloud::kafka
