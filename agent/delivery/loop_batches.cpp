#include <spdlog/spdlog.h>

#include "agent/delivery/loop_impl.h"

namespace kcloud::delivery {

void Loop::Impl::work(std::stop_token stop) {
  if (!read_batch()) return;
  BatchPlan plan(batch.events);
  if (!deliver_batch(plan, stop)) return;
  const std::uint64_t refused = plan.refused().size();
  const std::uint64_t stored = batch.events.size() - refused;
  if (!commit(read_to, letters_of(plan), stop)) return;
  core::count(counters.delivered, stored);
  core::count(counters.dead_lettered, refused);
  core::count(counters.skipped, gone);
  if (!batch.events.empty()) core::count(counters.batches);
  if (gone != 0)
    spdlog::error("exporter {}: {} events up to seq {} were removed by retention before delivery",
                  options.name, gone, read_to);
  if (refused != 0)
    spdlog::error("exporter {}: {} of {} events refused for good, now dead letters; first: {}",
                  options.name, refused, batch.events.size(), plan.refused().front().reason);
}

std::uint64_t Loop::Impl::read(std::uint64_t after, std::size_t limit, std::size_t max_bytes,
                               core::EventBatch& to) {
  if (!reader) reader = journal.reader();
  return feed->read_after(
      after, limit, max_bytes, to,
      [this](std::uint64_t from, std::size_t most, std::size_t bytes, core::EventBatch& block) {
        const auto end = reader->read_after(from, most, bytes, block);
        for (auto& event : block.events) decoder.decode_fields(event, block);
        return end;
      });
}

// Waits until a batch is due and reads it. False: nothing to do yet.
bool Loop::Impl::read_batch() {
  const std::uint64_t head = journal.head();
  if (const auto wait = gather.next(cursor, head, Gather::Clock::now())) {
    if (head <= cursor) set_phase(Phase::kIdle);
    {
      const std::scoped_lock lock(mutex);
      oldest_open.reset();
      if (gather.since()) oldest_open = clock.now() - (Gather::Clock::now() - *gather.since());
    }
    journal.wait_beyond(wait->beyond, wait->timeout, side.arrival());
    return false;
  }
  batch.clear();
  read_to = read(cursor, options.delivery.batch_events, options.delivery.batch_bytes, batch);
  // The head was committed before the read began: what the read does not show is gone.
  if (batch.events.empty()) read_to = head;
  gone = read_to - cursor - batch.events.size();
  const std::scoped_lock lock(mutex);
  oldest_open.reset();
  if (!batch.events.empty()) oldest_open = batch.events.front().received;
  return true;
}

// False when stopped before the sink had everything.
bool Loop::Impl::deliver_batch(BatchPlan& plan, std::stop_token stop) {
  while (!plan.done()) {
    if (stop.stop_requested()) return false;
    core::Delivery delivery = attempt(plan.next());
    core::count(counters.bytes, delivery.bytes);
    if (delivery.kind == core::Delivery::Kind::kDelivered)
      core::count(counters.adjusted, delivery.adjusted);
    try {
      plan.apply(delivery);
    } catch (const std::logic_error& error) {
      delivery = core::Delivery::retry(error.what());
    }
    const auto step = pacing.on(delivery, random());
    note(delivery, step, status.phase);
    if (step.wait.count() > 0) {
      core::count(counters.retried);
      if (!pause(step.wait, stop)) return false;
    }
  }
  return true;
}

std::vector<core::DeadLetter> Loop::Impl::letters_of(const BatchPlan& plan) const {
  std::vector<core::DeadLetter> letters;
  letters.reserve(plan.refused().size());
  for (const auto& [event, reason] : plan.refused())
    letters.push_back(letter_of(*event, reason, cursor_name));
  return letters;
}

}  // namespace kcloud::delivery
