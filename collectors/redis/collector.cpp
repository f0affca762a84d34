#include "collectors/redis/collector.h"

#include <stdexcept>
#include <utility>

#include "collectors/redis/list.h"
#include "collectors/redis/pubsub.h"
#include "collectors/redis/stream.h"

namespace kcloud::redis {

Collector::Collector(Config config, core::CollectorContext context, std::uint32_t batch_events)
    : config_(std::move(config)), context_(std::move(context)), status_(config_, *context_.clock) {
  std::map<std::string, std::string> types;
  try {
    types = resolve_types(config_.channel_types, *context_.catalogue);
  } catch (const std::runtime_error& error) {
    bad_types_ = error.what();
  }
  if (config_.mode == "pubsub") {
    pubsub_ = std::make_unique<PubSub>(config_, context_, std::move(types), batch_events, status_);
  } else if (config_.mode == "stream") {
    streams_ =
        std::make_unique<StreamReader>(config_, context_, std::move(types), batch_events, status_);
  } else {
    lists_ =
        std::make_unique<ListReader>(config_, context_, std::move(types), batch_events, status_);
  }
}

Collector::~Collector() = default;

void Collector::run(std::stop_token stop, core::EventSink& sink) {
  if (!bad_types_.empty()) {
    status_.failed(bad_types_);
    throw std::runtime_error(bad_types_);
  }
  if (pubsub_) pubsub_->run(stop, sink);
  if (streams_) streams_->run(stop, sink);
  if (lists_) lists_->run(stop, sink);
}

core::CollectorReport Collector::report() const { return status_.report(); }

}  // namespace kcloud::redis
