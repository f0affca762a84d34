// Hands events to another agent, which stores them as the same events: the road from a node to its
// cluster.
//
// One attempt a call at one upstream, at most `timeout` long; the delivery loop retries, and the
// next attempt goes to the next upstream when this one cannot be reached. Idempotent: the receiver
// knows an event by its id.
#pragma once

#include <atomic>
#include <optional>
#include <stop_token>
#include <string>
#include <vector>

#include "core/exporter.h"
#include "exporters/forward/config.h"
#include "exporters/forward/envelope.h"
#include "exporters/forward/failover.h"
#include "exporters/http_client/client.h"
#include "exporters/http_client/gzip.h"

namespace kcloud::forward {

class Exporter final : public core::Exporter {
 public:
  // `self`: this agent's name.
  Exporter(Config config, std::string self);

  core::Delivery deliver(std::span<const core::Event> events) override;
  std::vector<core::ProbeStep> probe() override;
  std::vector<core::Measure> measures() const override;
  void interrupt() override { stop_.request_stop(); }

 private:
  // Throws core::Held when the token cannot be read.
  http_client::Request request_to(const std::string& upstream) const;
  void note_loops(std::uint64_t loops, std::string_view upstream);
  void note_failover(const std::string& from, const std::string& to, const std::string& why);

  const Config config_;
  const std::string self_;
  std::stop_source stop_;
  std::vector<http_client::Client> clients_;  // one an upstream
  http_client::Gzip gzip_;
  EnvelopeEncoder encoder_;
  Failover failover_;
  std::string payload_;
  std::string compressed_;
  std::optional<Failover::Time> loops_said_;
  std::atomic<std::uint64_t> loops_{0};
  std::atomic<std::uint64_t> failovers_{0};
  std::atomic<std::size_t> upstream_{0};  // in use
};

}  // namespace kcloud::forward
