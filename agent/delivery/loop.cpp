#include <spdlog/spdlog.h>

#include <condition_variable>
#include <future>
#include <mutex>
#include <random>
#include <stop_token>
#include <thread>

#include "agent/delivery/batch_plan.h"
#include "agent/delivery/delivery.h"
#include "agent/delivery/pacing.h"
#include "agent/delivery/sealed_source.h"
#include "agent/delivery/side_queue.h"
#include "agent/journal/reader.h"

namespace kcloud::delivery {
namespace {

using std::chrono::milliseconds;

}  // namespace

struct Loop::Impl {
  Impl(Options given, journal::Journal& to_read, const core::Catalogue& catalogue,
       std::unique_ptr<core::Exporter> sink, const core::Clock& wall)
      : options(std::move(given)),
        cursor_name("exporter:" + options.name),
        journal(to_read),
        exporter(std::move(sink)),
        clock(wall),
        counters(options.counters ? *options.counters : own_counters),
        decoder(catalogue, options.decode),
        gather(options.delivery.batch_events, options.delivery.batch_wait),
        pacing(options.delivery),
        random(options.seed != 0 ? options.seed : std::random_device{}()) {
    if (exporter->keeps_seals()) sealed.emplace(journal, *exporter, options.delivery.batch_events);
  }

  void run(std::stop_token stop);
  void open();
  void work(std::stop_token stop);
  void work_sealed(std::stop_token stop);
  void serve_side(std::stop_token stop);
  SideResult deliver_side(std::span<core::Event> events, std::stop_token stop);
  bool read_batch();
  bool deliver_batch(BatchPlan& plan, std::stop_token stop);
  core::Delivery attempt(std::span<const core::Event> events);
  void note(const core::Delivery& delivery, const Pacing::Step& step);
  bool commit(std::uint64_t seq, std::vector<core::DeadLetter> letters, std::stop_token stop);
  std::vector<core::DeadLetter> letters_of(const BatchPlan& plan) const;
  void fail(const std::string& what, std::stop_token stop);
  bool pause(milliseconds time, std::stop_token stop);
  void set_phase(Phase phase);

  const Options options;
  const std::string cursor_name;
  journal::Journal& journal;
  const std::unique_ptr<core::Exporter> exporter;
  const core::Clock& clock;
  core::ExporterCounters own_counters;  // when nobody else keeps them
  core::ExporterCounters& counters;

  mutable std::mutex mutex;
  std::condition_variable_any wake;
  Status status;  // guarded by mutex; lag is computed when asked for
  std::optional<core::Time>
      oldest_open;  // guarded: received time of the oldest event not delivered

  // The thread's own.
  core::Decoder decoder;
  Gather gather;
  std::optional<SealedSource> sealed;  // for a sink that keeps seals
  Pacing pacing;
  core::Backoff trouble{{milliseconds(200), milliseconds(10'000)}};
  std::mt19937 random;
  SideQueue side;
  std::unique_ptr<journal::Reader> reader;
  core::EventBatch batch;
  bool opened = false;        // the cursor is known
  std::uint64_t cursor = 0;   // committed
  std::uint64_t read_to = 0;  // everything up to here is in `batch` or was skipped
  std::uint64_t gone = 0;     // of these, how many retention had removed

  std::jthread thread;  // last: joined before the rest goes
};

void Loop::Impl::run(std::stop_token stop) {
  const std::stop_callback wake_up(stop, [this] { side.wake(); });
  while (!stop.stop_requested()) {
    try {
      if (!opened) open();
      serve_side(stop);
      sealed ? work_sealed(stop) : work(stop);
      trouble.reset();
    } catch (const std::exception& error) {
      reader.reset();
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

// All or nothing; a failed attempt reads again, as the sink may have had a part.
void Loop::Impl::work_sealed(std::stop_token stop) {
  batch.clear();
  if (!reader) reader = journal.reader();
  try {
    if (!sealed->read(*reader, batch, stop)) return set_phase(Phase::kIdle);
  } catch (const std::exception& error) {
    sealed->forget();
    const auto delivery = core::Delivery::retry(error.what());
    const auto step = pacing.on(delivery, random());
    note(delivery, step);
    pause(step.wait, stop);
    return;
  }
  for (auto& event : batch.events) decoder.decode_fields(event, batch);
  {
    const std::scoped_lock lock(mutex);
    oldest_open.reset();
    if (!batch.events.empty()) oldest_open = batch.events.front().received;
  }
  core::Delivery delivery;
  try {
    delivery = exporter->deliver_sealed(sealed->batches(batch));
  } catch (const std::exception& error) {
    delivery = core::Delivery::retry(error.what());
  }
  core::count(counters.bytes, delivery.bytes);
  const auto step = pacing.on(delivery, random());
  note(delivery, step);
  if (delivery.kind != core::Delivery::Kind::kDelivered) {
    sealed->forget();
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

// What was asked for beside the cursor: one try each, so that it holds up no live batch for long.
void Loop::Impl::serve_side(std::stop_token stop) {
  while (auto job = side.take()) {
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
  if (!reader) reader = journal.reader();
  read_to = reader->read_after(cursor, options.delivery.batch_events, options.delivery.batch_bytes,
                               batch);
  // The head was committed before the read began: what the read does not show is gone.
  if (batch.events.empty()) read_to = head;
  gone = read_to - cursor - batch.events.size();
  for (auto& event : batch.events) decoder.decode_fields(event, batch);
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
    note(delivery, step);
    if (step.wait.count() > 0) {
      core::count(counters.retried);
      if (!pause(step.wait, stop)) return false;
    }
  }
  return true;
}

core::Delivery Loop::Impl::attempt(std::span<const core::Event> events) {
  try {
    return exporter->deliver(events);
  } catch (const std::exception& error) {
    return core::Delivery::retry(error.what());
  }
}

void Loop::Impl::note(const core::Delivery& delivery, const Pacing::Step& step) {
  {
    const std::scoped_lock lock(mutex);
    status.phase = step.phase;
    if (delivery.kind == core::Delivery::Kind::kDelivered) {
      status.last_success_time = clock.now();
    } else {
      status.last_error = delivery.reason;
      status.last_error_time = clock.now();
    }
  }
  switch (step.change) {
    case Pacing::Change::kRetrying:
      spdlog::warn("exporter {}: {}; nothing is lost, trying again in {} ms", options.name,
                   delivery.reason, step.wait.count());
      break;
    case Pacing::Change::kHolding:
      spdlog::error("exporter {}: held, a person is needed: {}; tried again every {} ms",
                    options.name, delivery.reason, step.wait.count());
      break;
    case Pacing::Change::kRecovered:
      spdlog::info("exporter {}: the sink answers again", options.name);
      break;
    case Pacing::Change::kNone:
      break;
  }
}

std::vector<core::DeadLetter> Loop::Impl::letters_of(const BatchPlan& plan) const {
  std::vector<core::DeadLetter> letters;
  letters.reserve(plan.refused().size());
  for (const auto& [event, reason] : plan.refused()) {
    core::DeadLetter letter;
    letter.received = event->received;
    letter.origin = cursor_name;
    letter.position = std::to_string(event->seq);
    letter.reason = "sink_rejected";
    letter.detail = reason;
    letter.type = event->type_name;
    letter.event_id = core::to_string(event->id);
    letter.body = event->body;
    letters.push_back(std::move(letter));
  }
  return letters;
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
  impl_->thread = std::jthread([impl = impl_.get()](std::stop_token stop) { impl->run(stop); });
}

void Loop::deliver_beside(std::shared_ptr<core::EventBatch> batch,
                          std::function<void(const SideResult&)> done) {
  SideJob job{std::move(batch), std::move(done)};
  const Phase phase = status().phase;
  if (phase == Phase::kRetrying || phase == Phase::kHolding) {
    return job.done({false, "the exporter is " + std::string(to_string(phase)), {}});
  }
  if (!impl_->side.push(job)) job.done({false, "the exporter is busy or stops", {}});
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
  const std::scoped_lock lock(impl_->mutex);
  Status status = impl_->status;
  status.lag_events = head > status.cursor ? head - status.cursor : 0;
  if (status.lag_events != 0 && impl_->oldest_open) {
    const std::chrono::duration<double> age = impl_->clock.now() - *impl_->oldest_open;
    status.lag_seconds = std::max(0.0, age.count());
  }
  return status;
}

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
