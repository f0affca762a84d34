#include "collectors/kafka/collector.h"

#include <utility>

#include "collectors/kafka/session.h"

namespace kcloud::kafka {

Collector::Collector(Config config, core::CollectorContext context, std::uint32_t batch_events)
    : config_(std::move(config)),
      context_(std::move(context)),
      batch_events_(batch_events),
      types_(config_.topic_types, *context_.catalogue),
      status_(*context_.clock) {}

void Collector::run(std::stop_token stop, core::EventSink& sink) {
  Session session({config_, context_, types_, batch_events_, status_}, std::move(stop), sink);
  session.run();
}

}  // namespace kcloud::kafka
