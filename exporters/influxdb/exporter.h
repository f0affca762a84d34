// Writes events to InfluxDB, one point an event, over its v1 or v2 write API; and the seals of the
// audit chain, one point each.
//
// One attempt a call, at most `timeout` long; the delivery loop retries. Idempotent: an event
// delivered again overwrites its own point (tie_breaker.h says what a crash leaves of that).
#pragma once

#include <map>
#include <stop_token>
#include <string>
#include <string_view>
#include <vector>

#include "core/exporter.h"
#include "exporters/http_client/client.h"
#include "exporters/http_client/gzip.h"
#include "exporters/influxdb/config.h"
#include "exporters/influxdb/line_protocol.h"
#include "exporters/influxdb/seal_line.h"

namespace kcloud::influxdb {

class Exporter final : public core::Exporter {
 public:
  // `agent_tags`: `agent` (of seals; events have their own), `agent_cluster` and the agent's own
  // `tags:`; the exporter's win over them.
  Exporter(Config config, const std::map<std::string, std::string>& agent_tags);

  core::Delivery deliver(std::span<const core::Event> events) override;
  bool carries_seals() const override { return config_.carry_seals; }
  core::Delivery carry_seals(std::span<const core::Seal> seals) override;
  std::vector<core::ProbeStep> probe() override;
  void interrupt() override { stop_.request_stop(); }

 private:
  http_client::Response send(std::string_view lines);
  core::Delivery send_payload();

  Config config_;
  std::stop_source stop_;
  http_client::Client client_;
  http_client::Gzip gzip_;
  LineEncoder encoder_;
  SealEncoder seal_encoder_;
  http_client::Request request_;
  std::string payload_;
  std::string compressed_;
  std::vector<std::size_t> ends_;  // of each line in payload_, before its newline
};

}  // namespace kcloud::influxdb
