#include <spdlog/spdlog.h>

#include <limits>

#include "agent/delivery/loop_impl.h"

namespace kcloud::delivery {

// nullopt: nothing new is sealed.
std::optional<core::Delivery> Loop::Impl::attempt_sealed(std::stop_token stop) {
  batch.clear();
  if (!reader) reader = journal.reader();
  if (!sealed->read(*reader, batch, stop)) return std::nullopt;
  {
    const std::scoped_lock lock(mutex);
    oldest_open.reset();
    if (!batch.events.empty()) oldest_open = batch.events.front().received;
  }
  return exporter->deliver_sealed(sealed->batches(batch));
}

// For the lag of a sink that could not even be asked what it has.
void Loop::Impl::find_oldest_open() {
  {
    const std::scoped_lock lock(mutex);
    if (oldest_open) return;
  }
  batch.clear();
  if (!reader) reader = journal.reader();
  reader->read_after(cursor, 1, std::numeric_limits<std::size_t>::max(), batch);
  const std::scoped_lock lock(mutex);
  if (!batch.events.empty()) oldest_open = batch.events.front().received;
}

// All or nothing; a failed attempt reads again, as the sink may have had a part.
void Loop::Impl::work_sealed(std::stop_token stop) {
  bool idle = false;
  const core::Delivery delivery = answer_of([&] {
    const auto answer = attempt_sealed(stop);
    idle = !answer;
    return answer.value_or(core::Delivery::delivered());
  });
  if (idle) return set_phase(Phase::kIdle);
  core::count(counters.bytes, delivery.bytes);
  const auto step = pacing.on(delivery, random());
  note(delivery, step, status.phase);
  if (delivery.kind != core::Delivery::Kind::kDelivered) {
    sealed->forget();
    find_oldest_open();
    core::count(counters.retried);
    pause(step.wait, stop);
    return;
  }
  const std::uint64_t missing = sealed->missing(batch);
  const std::uint64_t end = sealed->seals().back().journal_end;
  sealed->delivered();
  core::count(counters.delivered, batch.events.size());
  core::count(counters.adjusted, delivery.adjusted);
  core::count(counters.skipped, missing);
  core::count(counters.batches);
  if (missing != 0)
    spdlog::error(
        "exporter {}: {} sealed events up to seq {} were removed by retention before delivery",
        options.name, missing, end);
  if (end > cursor) commit(end, {}, stop);
}

}  // namespace kcloud::delivery
