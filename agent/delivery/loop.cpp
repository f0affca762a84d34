#include <future>

#include <spdlog/spdlog.h>

#include "agent/delivery/loop_impl.h"
#include "core/thread_name.h"

namespace kcloud::delivery {

void Loop::Impl::run(std::stop_token stop) {
  const std::stop_callback wake_up(stop, [this] { side.wake(); });
  while (!stop.stop_requested()) {
    try {
      if (!opened) open();
      serve_side(stop);
      sealed ? work_sealed(stop) : work(stop);
      if (to_carry && !stop.stop_requested()) carry_seals();
      trouble.reset();
    } catch (const std::exception& error) {
      reader.reset();
      feed->forget();
      fail(error.what(), stop);
    }
  }
  side.close();
  set_phase(Phase::kStopped);
}

void Loop::Impl::open() {
  reader = journal.reader();
  const std::uint64_t oldest = reader->oldest();
  cursor = journal.open_cursor(cursor_name, oldest == 0 ? 0 : oldest - 1).seq;
  opened = true;
  const std::scoped_lock lock(mutex);
  status.cursor = cursor;
}

core::Delivery Loop::Impl::attempt(std::span<const core::Event> events) {
  return answer_of([&] { return exporter->deliver(events); });
}

core::Delivery Loop::Impl::answer_of(const std::function<core::Delivery()>& attempt) {
  try {
    return attempt();
  } catch (const core::Held& error) {
    return core::Delivery::hold(error.what());
  } catch (const std::exception& error) {
    return core::Delivery::retry(error.what());
  }
}

void Loop::Impl::note(const core::Delivery& delivery, const Pacing::Step& step, Phase& shown,
                      std::string_view what) {
  {
    const std::scoped_lock lock(mutex);
    shown = step.phase;
    if (delivery.kind == core::Delivery::Kind::kDelivered) {
      status.last_success_time = clock.now();
    } else {
      status.last_error = std::string(what) + delivery.reason;
      status.last_error_time = clock.now();
    }
  }
  switch (step.change) {
    case Pacing::Change::kRetrying:
      spdlog::warn("exporter {}: {}{}; nothing is lost, trying again in {} ms", options.name, what,
                   delivery.reason, step.wait.count());
      break;
    case Pacing::Change::kHolding:
      spdlog::error("exporter {}: {}held, a person is needed: {}; tried again every {} ms",
                    options.name, what, delivery.reason, step.wait.count());
      break;
    case Pacing::Change::kRecovered:
      spdlog::info("exporter {}: {}the sink answers again", options.name, what);
      break;
    case Pacing::Change::kNone:
      break;
  }
}

// Moves the cursor together with the dead letters; tried until it is on disk. False when stopped
// first: the batch is then delivered again after the restart.
bool Loop::Impl::commit(std::uint64_t seq, std::vector<core::DeadLetter> letters,
                        std::stop_token stop) {
  for (;;) {
    // Shared, as the journal's thread may still be inside set_value when the wait ends.
    auto result = std::make_shared<std::promise<core::CommitStatus>>();
    journal.move_cursor(cursor_name, seq, letters,
                        [result](core::CommitStatus done) { result->set_value(done); });
    const auto outcome = result->get_future().get();
    if (outcome == core::CommitStatus::kCommitted) break;
    if (outcome == core::CommitStatus::kStopped || stop.stop_requested()) return false;
    fail("the journal did not take the cursor movement", stop);
  }
  cursor = seq;
  const std::scoped_lock lock(mutex);
  status.cursor = seq;
  oldest_open.reset();
  return true;
}

// Trouble on this machine (reading or committing): said, then waited out.
void Loop::Impl::fail(const std::string& what, std::stop_token stop) {
  {
    const std::scoped_lock lock(mutex);
    status.phase = Phase::kRetrying;
    status.last_error = what;
    status.last_error_time = clock.now();
  }
  spdlog::warn("exporter {}: {}; nothing is lost, trying again", options.name, what);
  pause(trouble.next(random()), stop);
}

// False when stopped.
bool Loop::Impl::pause(milliseconds time, std::stop_token stop) {
  std::unique_lock lock(mutex);
  wake.wait_for(lock, stop, time, [] { return false; });
  return !stop.stop_requested();
}

void Loop::Impl::set_phase(Phase phase) {
  const std::scoped_lock lock(mutex);
  status.phase = phase;
  wake.notify_all();
}

Loop::Loop(Options options, journal::Journal& journal, const core::Catalogue& catalogue,
           std::unique_ptr<core::Exporter> exporter, const core::Clock& clock)
    : impl_(std::make_unique<Impl>(std::move(options), journal, catalogue, std::move(exporter),
                                   clock)) {}

Loop::~Loop() = default;

void Loop::start() {
  try {
    impl_->open();
  } catch (const journal::NotStoring&) {
    // A full disk must not end a running agent that is told to reload: the thread tries again.
  }
  impl_->thread = std::jthread([impl = impl_.get()](std::stop_token stop) {
    core::name_thread(impl->options.name);
    impl->run(stop);
  });
}

void Loop::request_stop() { impl_->thread.request_stop(); }

void Loop::join(milliseconds patience) {
  if (!impl_->thread.joinable()) return;
  {
    std::unique_lock lock(impl_->mutex);
    const auto ended = [&] { return impl_->status.phase == Phase::kStopped; };
    if (!impl_->wake.wait_for(lock, patience, ended)) impl_->exporter->interrupt();
  }
  impl_->thread.join();
}

Status Loop::status() const {
  const std::uint64_t head = impl_->journal.head();
  auto measures = impl_->exporter->measures();
  const std::scoped_lock lock(impl_->mutex);
  Status status = impl_->status;
  const auto calm = [](Phase phase) {
    return phase == Phase::kIdle || phase == Phase::kDelivering;
  };
  if (calm(status.phase) && !calm(impl_->carry_phase)) status.phase = impl_->carry_phase;
  status.measures = std::move(measures);
  status.lag_events = head > status.cursor ? head - status.cursor : 0;
  if (status.lag_events != 0 && impl_->oldest_open) {
    const std::chrono::duration<double> age = impl_->clock.now() - *impl_->oldest_open;
    status.lag_seconds = std::max(0.0, age.count());
  }
  return status;
}

bool Loop::keeps_seals() const { return impl_->sealed.has_value(); }

const core::ExporterCounters& Loop::counters() const { return impl_->counters; }

const std::string& Loop::name() const { return impl_->options.name; }

std::string_view to_string(Phase phase) {
  switch (phase) {
    case Phase::kIdle:
      return "idle";
    case Phase::kDelivering:
      return "delivering";
    case Phase::kRetrying:
      return "retrying";
    case Phase::kHolding:
      return "holding";
    case Phase::kStopped:
      return "stopped";
  }
  return "unknown";
}

}  // namespace kcloud::delivery
