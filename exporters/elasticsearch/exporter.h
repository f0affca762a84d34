// Writes events to Elasticsearch or OpenSearch: one document an event, in daily indices; and the
// seals of the audit chain, likewise.
//
// One `_bulk` request a call; the delivery loop retries. Each event is one document however often
// it is delivered, as the action is `create` and the id the event's own.
#pragma once

#include <chrono>
#include <map>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <string_view>
#include <vector>

#include "core/catalogue.h"
#include "core/exporter.h"
#include "exporters/elasticsearch/cluster.h"
#include "exporters/elasticsearch/config.h"
#include "exporters/elasticsearch/document.h"
#include "exporters/elasticsearch/index_template.h"
#include "exporters/elasticsearch/response.h"
#include "exporters/elasticsearch/seal_document.h"

namespace kcloud::elasticsearch {

class Exporter final : public core::Exporter {
 public:
  Exporter(Config config, std::shared_ptr<const core::Catalogue> catalogue, std::string_view agent,
           std::string_view agent_cluster);

  core::Delivery deliver(std::span<const core::Event> events) override;
  bool carries_seals() const override { return config_.carry_seals; }
  core::Delivery carry_seals(std::span<const core::Seal> seals) override;
  std::vector<core::ProbeStep> probe() override;
  void interrupt() override { stop_.request_stop(); }

 private:
  struct Templates {
    std::vector<IndexTemplate> wanted;
    std::optional<std::chrono::steady_clock::time_point> seen;
  };
  // What keeps from writing; nothing when all is ready.
  std::optional<core::Delivery> prepare(Templates& templates);
  std::optional<core::Delivery> read_version();
  http_client::Response get_templates();
  std::optional<core::Delivery> put_templates(const std::vector<IndexTemplate>& wanted);
  // Of `count` items in `payload_`.
  Judgement send(std::size_t count);
  core::Delivery finish(std::span<const core::Event> events, Judgement judged);

  const Config config_;
  const std::shared_ptr<const core::Catalogue> catalogue_;
  Templates event_templates_, seal_templates_;  // apart: without the latter events go on
  std::stop_source stop_;
  Cluster cluster_;
  DocumentEncoder encoder_;
  SealEncoder seal_encoder_;
  std::string server_;  // kind and version; empty: not read yet
  std::string payload_;
  std::vector<std::size_t> sent_;  // of the span
  // What is done of the span that was tried last: stored (empty) or rejected with this reason.
  std::map<core::EventId, std::string> settled_;
};

// `OpenSearch 2.19.1`, from the answer of GET /. Throws std::runtime_error when it is none of
// the servers and versions that this exporter writes to.
std::string server_of(std::string_view answer);

// What is wrong when a template is missing that this exporter may not put.
std::string missing_template(const IndexTemplate& missing);

}  // namespace kcloud::elasticsearch
