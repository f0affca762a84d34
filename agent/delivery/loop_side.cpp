#include "agent/delivery/loop_impl.h"

namespace kcloud::delivery {

// What was asked for beside the cursor: one try each, and one of them between two live batches, so
// that it holds up none for long.
void Loop::Impl::serve_side(std::stop_token stop) {
  if (auto job = side.take()) {
    for (auto& event : job->batch->events) decoder.decode_fields(event, *job->batch);
    job->done(deliver_side(job->batch->events, stop));
  }
}

SideResult Loop::Impl::deliver_side(std::span<core::Event> events, std::stop_token stop) {
  BatchPlan plan(events);
  SideResult result;
  while (!plan.done()) {
    if (stop.stop_requested()) return {false, "the exporter stops", {}};
    const core::Delivery delivery = attempt(plan.next());
    core::count(counters.bytes, delivery.bytes);
    const bool certain = delivery.kind == core::Delivery::Kind::kDelivered ||
                         delivery.kind == core::Delivery::Kind::kBisect;
    if (!certain) return {false, delivery.reason, {}};
    try {
      plan.apply(delivery);
    } catch (const std::logic_error& error) {
      return {false, error.what(), {}};
    }
  }
  for (const auto& [event, reason] : plan.refused()) result.refused.emplace_back(event, reason);
  result.answered = true;
  return result;
}

void Loop::deliver_beside(std::shared_ptr<core::EventBatch> batch,
                          std::function<void(const SideResult&)> done) {
  SideJob job{std::move(batch), std::move(done)};
  Phase phase;
  {
    const std::scoped_lock lock(impl_->mutex);
    phase = impl_->status.phase;  // of events: seals that are refused are no reason
  }
  if (phase == Phase::kRetrying || phase == Phase::kHolding) {
    return job.done({false, "the exporter is " + std::string(to_string(phase)), {}});
  }
  if (!impl_->side.push(job)) job.done({false, "the exporter is busy or stops", {}});
}

}  // namespace kcloud::delivery
