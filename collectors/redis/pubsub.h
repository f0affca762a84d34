// Pub/sub: channels and patterns. What is published while nobody is subscribed is lost by design;
// here every such time is measured and said.
//
// One message is one event however many of the own subscriptions deliver it (routes.h). Messages
// that the journal does not take yet wait here, up to `buffer_bytes`; beyond that they wait in the
// server, which closes the connection when its own limit is reached: a gap like any other.
#pragma once

#include <memory>
#include <optional>
#include <stop_token>

#include "collectors/redis/connection.h"
#include "collectors/redis/inbox.h"
#include "collectors/redis/routes.h"
#include "collectors/redis/status.h"
#include "core/commit_queue.h"

namespace kcloud::redis {

class PubSub {
 public:
  PubSub(const Config& config, const core::CollectorContext& context,
         std::map<std::string, std::string> types, std::uint32_t batch_events, Status& status);

  // As core::Collector::run.
  void run(const std::stop_token& stop, core::EventSink& sink);

 private:
  void subscribe(const std::stop_token& stop);
  void serve(const std::stop_token& stop, core::CommitQueue& queue);
  bool read(core::CommitQueue& queue);
  void take(const redisReply& reply);
  void message(std::string_view channel, std::string_view pattern, const redisReply& payload);
  void keep_alive();
  void submit(core::CommitQueue& queue);
  void settle(const std::stop_token& stop, core::CommitQueue& queue);
  void lost(core::Time since);
  void regained();

  const Config& config_;
  const core::CollectorContext& context_;
  Status& status_;
  Routes routes_;
  Inbox inbox_;
  const std::size_t places_;  // of the queue
  std::size_t address_ = 0;   // index of the one in use
  std::uint64_t number_;      // of the newest message; unique over restarts
  std::optional<core::Time> lost_since_;
  std::unique_ptr<Connection> connection_;
  std::size_t unconfirmed_ = 0;                                  // subscriptions
  std::optional<std::chrono::steady_clock::time_point> pinged_;  // not answered yet
  std::size_t under_way_ = 0;                                    // intakes
  std::uint64_t events_under_way_ = 0;
  std::uint64_t repeated_ = 0;
};

}  // namespace kcloud::redis
