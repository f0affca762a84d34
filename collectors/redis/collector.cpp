#include "collectors/redis/collector.h"

#include <spdlog/spdlog.h>

#include <stdexcept>
#include <utility>

#include "collectors/redis/inbox.h"
#include "collectors/redis/list_session.h"
#include "collectors/redis/pubsub.h"
#include "collectors/redis/routes.h"
#include "collectors/redis/stream_session.h"

namespace kcloud::redis {

Collector::Collector(Config config, core::CollectorContext context, std::uint32_t batch_events)
    : config_(std::move(config)),
      context_(std::move(context)),
      batch_events_(batch_events),
      status_(config_, *context_.clock) {
  try {
    types_ = resolve_types(config_.channel_types, *context_.catalogue);
  } catch (const std::runtime_error& error) {
    bad_types_ = error.what();
  }
  if (config_.mode == "pubsub") {
    pubsub_ = std::make_unique<PubSub>(config_, context_, types_, batch_events, status_);
  }
}

Collector::~Collector() = default;

void Collector::run(std::stop_token stop, core::EventSink& sink) {
  if (!bad_types_.empty()) {
    status_.failed(bad_types_);
    throw std::runtime_error(bad_types_);
  }
  if (pubsub_) return pubsub_->run(stop, sink);
  if (config_.mode == "stream") return run_streams(stop, sink);
  run_lists(stop, sink);
}

void Collector::run_streams(const std::stop_token& stop, core::EventSink& sink) {
  serve(stop, [&](std::unique_ptr<Connection> connection) {
    StreamSession session(config_, context_, types_of(config_.streams), batch_events_, status_,
                          std::move(connection), sink, joined_ ? "0" : config_.start);
    session.join();
    joined_ = true;
    status_.connected(true);
    session.run(stop);
  });
}

void Collector::run_lists(const std::stop_token& stop, core::EventSink& sink) {
  serve(stop, [&](std::unique_ptr<Connection> connection) {
    ListSession session(config_, context_, types_of(config_.lists), batch_events_, status_,
                        std::move(connection), sink);
    session.open();
    status_.connected(true);
    session.run(stop);
  });
}

void Collector::serve(const std::stop_token& stop,
                      const std::function<void(std::unique_ptr<Connection>)>& session) {
  try {
    auto connection = connect(config_, address_, Inbox::most_text(context_), stop);
    spdlog::info("collector {}: connected to {}", context_.name, connection->address());
    status_.add("connects_total", 1);
    session(std::move(connection));
    status_.connected(false);
  } catch (const Stopped&) {
    status_.connected(false);
  } catch (const std::exception& error) {
    status_.failed(error.what());
    ++address_;  // another may be the primary
    throw;
  }
}

std::vector<std::string> Collector::types_of(const std::vector<std::string>& keys) const {
  std::vector<std::string> types;
  types.reserve(keys.size());
  for (const auto& key : keys) types.emplace_back(channel_type(types_, key));
  return types;
}

core::CollectorReport Collector::report() const { return status_.report(); }

}  // namespace kcloud::redis
