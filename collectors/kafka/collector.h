// Reads topics of Kafka as a member of a consumer group. A record's offset is committed only after
// the journal has its event (or its dead letter) on disk: records are read at least once, and each
// event is stored once.
//
// run() on a thread of its own; it goes on while brokers are away (librdkafka reconnects) and
// throws when the client is beyond repair. report() from any thread.
#pragma once

#include <cstdint>

#include "collectors/kafka/config.h"
#include "collectors/kafka/status.h"
#include "collectors/kafka/topic_types.h"
#include "core/collector.h"
#include "core/collector_context.h"

namespace kcloud::kafka {

class Collector final : public core::Collector {
 public:
  // No I/O. Throws std::invalid_argument when `topic_types` names a type that the catalogue has
  // not.
  Collector(Config config, core::CollectorContext context, std::uint32_t batch_events);

  void run(std::stop_token stop, core::EventSink& sink) override;
  core::CollectorReport report() const override { return status_.report(); }

 private:
  const Config config_;
  const core::CollectorContext context_;
  const std::uint32_t batch_events_;
  const TopicTypes types_;
  Status status_;
};

}  // namespace kcloud::kafka
