// Events from Redis: pub/sub channels and patterns, streams with a consumer group, or lists.
//
// `run` connects, reads and acknowledges after the journal's commit, on its own thread; it throws
// std::runtime_error with a hint when no address answers or Redis refuses, after what was taken
// from the server and is nowhere else was handed over. What must outlive that (an open gap of
// pub/sub) stays in the object. README.md has the delivery guarantees.
#pragma once

#include <memory>
#include <string>

#include "collectors/redis/config.h"
#include "collectors/redis/status.h"
#include "core/collector.h"
#include "core/collector_context.h"

namespace kcloud::redis {

class PubSub;
class StreamReader;
class ListReader;

class Collector final : public core::Collector {
 public:
  // Connects to nothing. `batch_events`: most events of an intake.
  Collector(Config config, core::CollectorContext context, std::uint32_t batch_events);
  ~Collector() override;

  void run(std::stop_token stop, core::EventSink& sink) override;
  core::CollectorReport report() const override;

 private:
  const Config config_;
  const core::CollectorContext context_;
  Status status_;
  std::string bad_types_;  // what is wrong with channel_types
  // One of them, by the mode.
  std::unique_ptr<PubSub> pubsub_;
  std::unique_ptr<StreamReader> streams_;
  std::unique_ptr<ListReader> lists_;
};

}  // namespace kcloud::redis
