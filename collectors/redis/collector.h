// Events from Redis: pub/sub channels and patterns, streams with a consumer group, or lists.
//
// `run` connects, reads and acknowledges after the journal's commit, on its own thread; it throws
// std::runtime_error with a hint when no address answers or Redis refuses, after what was taken
// from the server and is nowhere else was handed over. What must outlive that (an open gap of
// pub/sub) stays in the object. README.md has the delivery guarantees.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "collectors/redis/config.h"
#include "collectors/redis/status.h"
#include "core/collector.h"
#include "core/collector_context.h"

namespace kcloud::redis {

class Connection;
class PubSub;

class Collector final : public core::Collector {
 public:
  // Connects to nothing. `batch_events`: most events of an intake.
  Collector(Config config, core::CollectorContext context, std::uint32_t batch_events);
  ~Collector() override;

  void run(std::stop_token stop, core::EventSink& sink) override;
  core::CollectorReport report() const override;

 private:
  void run_streams(const std::stop_token& stop, core::EventSink& sink);
  void run_lists(const std::stop_token& stop, core::EventSink& sink);
  // One connection's life, for `session`.
  void serve(const std::stop_token& stop,
             const std::function<void(std::unique_ptr<Connection>)>& session);
  std::vector<std::string> types_of(const std::vector<std::string>& keys) const;

  const Config config_;
  const core::CollectorContext context_;
  const std::uint32_t batch_events_;
  Status status_;
  std::map<std::string, std::string> types_;  // by channel, stream, list or pattern
  std::string bad_types_;                     // what is wrong with channel_types
  std::size_t address_ = 0;                   // index of the one in use
  bool joined_ = false;  // the groups were there once: a new one begins with all there is
  std::unique_ptr<PubSub> pubsub_;  // in its mode
};

}  // namespace kcloud::redis
