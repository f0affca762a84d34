#include "agent/analytics/rollup_loop.h"

#include <spdlog/spdlog.h>

#include <algorithm>

#include "agent/analytics/rollup_loop_impl.h"
#include "agent/journal/cursor_name.h"
#include "core/thread_name.h"

namespace kcloud::analytics {
namespace {

using rollups::Grain;

constexpr std::size_t kBatchEvents = 1000;
constexpr std::size_t kBatchBytes = std::size_t{1} << 20;
constexpr std::uint64_t kCommitEvents = 20'000;
constexpr milliseconds kTrouble{1000};
constexpr milliseconds kUpkeep{60'000};
constexpr milliseconds kPause{100};  // between looks near the head: many events cost less together

// A measure is in the rollups from the beginning of what is kept: said in the dictionary.
std::string complete_name(const std::string& type, const std::string& measure) {
  return "complete:" + type + ":" + measure;
}

}  // namespace

RollupLoop::Impl::Impl(Options given, journal::Journal& to_read, const core::Clock& wall)
    : options(std::move(given)),
      journal(to_read),
      clock(wall),
      events(options.feed ? options.feed : std::make_shared<delivery::EventFeed>(0)),
      decoder(*options.config->catalogue, config::stored_options(*options.config)) {}

void RollupLoop::Impl::run(const std::stop_token& stop) {
  while (!stop.stop_requested()) {
    try {
      if (!opened) open(stop);
      if (opened) work(stop);
    } catch (const std::exception& error) {
      // From what is committed.
      opened = false;
      reader.reset();
      events->forget();
      fail(error.what(), stop);
    }
  }
  try {
    if (opened) commit_changes(stop);
  } catch (const std::exception& error) {
    spdlog::warn("rollups: {}; what came last is added after the start", error.what());
  }
}

void RollupLoop::Impl::open(const std::stop_token& stop) {
  reader = journal.reader();
  const auto oldest = reader->oldest();
  const auto begin = oldest == 0 ? 0 : oldest - 1;
  seq = committed_seq = journal.open_cursor(journal::kRollupsCursor, begin).seq;
  dictionary = {};
  reader->read_rollups([this](journal::RollupView& view) { view.load(dictionary); });
  if (sums) others += sums->others();
  sums = std::make_unique<rollups::Accumulator>(
      options.plan, dictionary, [this](const rollups::CellKey& key) {
        std::string value;
        reader->read_rollups([&](journal::RollupView& view) { value = view.get(key); });
        return value;
      });
  days = std::make_unique<Days>(tier_zone(options.config->agent.default_zone, clock.now()));
  journal::RollupCommit first;
  reader->read_rollups([&](journal::RollupView& view) {
    days->open(view, first);
    look_back(view);
  });
  if (!first.drops.empty() || !first.marks.empty()) commit(first, stop);
  opened = !stop.stop_requested();
  publish();
}

// What the plan measures and the kept rollups do not is made from the events.
void RollupLoop::Impl::look_back(journal::RollupView& view) {
  const auto minutes = view.parts(Grain::kMinute);
  for (const auto& range : minutes) sums->restore_newest_minute(range.part, range.to - 1);
  for (const auto& range : minutes)
    for (const auto hour : view.marks({Grain::kMinute, range.part, 0, INT64_MAX}))
      sums->restore_minutes(range.part, hour);
  incomplete.clear();
  for (const auto& type : options.config->catalogue->types())
    for (const auto& measure : options.plan->find(type.name)->measures)
      if (dictionary.find_name(complete_name(type.name, measure.name)) == 0)
        incomplete.push_back(complete_name(type.name, measure.name));
  if (incomplete.empty()) return;
  const auto parts = view.parts(Grain::kHour);
  if (parts.empty()) {
    for (const auto& name : incomplete) dictionary.name(name);
    incomplete.clear();
    return;
  }
  std::int64_t from = INT64_MAX;
  std::int64_t to = 0;
  for (const auto& range : parts) {
    from = std::min(from, range.from);
    to = std::max(to, range.to);
  }
  rebuild = {};
  rebuild.state = RebuildStatus::State::kRunning;
  rebuild.since = rollups::begin_of(from);
  rebuild.until = rollups::begin_of(rollups::bucket_of(rollups::begin_of(to - 1), Grain::kHour)) +
                  std::chrono::hours(1);
  rebuild.hours = static_cast<std::size_t>((rebuild.until - rebuild.since) / std::chrono::hours(1));
  spdlog::info("rollups: {} measures are new: {} hours are made anew from their events",
               incomplete.size(), rebuild.hours);
}

void RollupLoop::Impl::work(const std::stop_token& stop) {
  // Before anything is read: a damaged cell is made anew by it.
  step_rebuild(stop);
  const std::uint64_t head = journal.head();
  if (head > seq) read(head);
  const bool caught_up = seq >= head;
  const auto now = steady_clock::now();
  const bool due =
      seq != committed_seq && (now >= next_commit || seq - committed_seq >= kCommitEvents);
  if (due && !commit_changes(stop)) return;
  if (caught_up && now >= next_upkeep) {
    next_upkeep = now + kUpkeep;
    upkeep(stop);
  }
  bool made_day = false;
  if (caught_up && seq == committed_seq) {
    journal::RollupCommit commit_days;
    reader->read_rollups(
        [&](journal::RollupView& view) { days->make_one(view, clock.now(), commit_days); });
    made_day = !commit_days.marks.empty();
    if (made_day) commit(commit_days, stop);
  }
  last_error.clear();
  publish();
  if (caught_up && !made_day) wait(stop);
}

void RollupLoop::Impl::wait(const std::stop_token& stop) {
  std::stop_source until;
  {
    const std::scoped_lock lock(mutex);
    if (asked) return;
    waiting = until;
  }
  if (rebuild.state == RebuildStatus::State::kRunning) return;
  const std::stop_callback end(stop, [&until] { until.request_stop(); });
  const auto now = steady_clock::now();
  const auto longest = seq != committed_seq ? std::chrono::ceil<milliseconds>(next_commit - now)
                                            : milliseconds(1000);
  if (longest <= milliseconds(0)) return;
  journal.wait_beyond(seq, longest, until.get_token());
  std::unique_lock lock(mutex);
  wake.wait_for(lock, stop, kPause, [this] { return asked.has_value(); });
}

void RollupLoop::Impl::read(std::uint64_t head) {
  if (!reader) reader = journal.reader();
  if (seq == committed_seq) next_commit = steady_clock::now() + options.commit_interval;
  std::uint64_t first = 0;
  const auto add = [&](std::span<const core::Event> wanted) {
    while (!wanted.empty() && wanted.back().seq > head) wanted = wanted.first(wanted.size() - 1);
    if (wanted.empty()) return;
    if (first == 0) first = wanted.front().seq;
    sums->add(wanted);
    added += wanted.size();
  };
  const auto end = events->visit_after(
      seq, std::min<std::uint64_t>(kBatchEvents, head - seq), kBatchBytes, add,
      [this](std::uint64_t from, std::size_t most, std::size_t bytes, core::EventBatch& block) {
        const auto last = reader->read_after(from, most, bytes, block);
        for (auto& event : block.events) decoder.complete(event, block);
        return last;
      });
  // What retention or damage took is not in the numbers; it is said.
  if (const auto next = first == 0 ? head + 1 : first; next > seq + 1) {
    missed += next - seq - 1;
    spdlog::warn("rollups: {} events behind seq {} were gone before they were added up",
                 next - seq - 1, seq);
  }
  // What a read does not show is gone.
  seq = first == 0 ? head : std::min(end, head);
}

bool RollupLoop::Impl::commit_changes(const std::stop_token& stop) {
  journal::RollupCommit next;
  auto changes = sums->take();
  for (const auto& key : changes.minutes_ended)
    next.drops.push_back(
        {Grain::kMinute, key.part, key.bucket, key.bucket + rollups::kHourSeconds});
  next.cells = std::move(changes.cells);
  next.marks = std::move(changes.minutes_begun);
  days->touched(next);
  next.names = dictionary.take_names();
  next.series = dictionary.take_series();
  next.cursor = journal::kRollupsCursor;
  next.seq = seq;
  if (!commit(next, stop)) return false;
  committed_seq = seq;
  return true;
}

// Tried until it is on disk; false when stopped first: it is then done again after the start.
bool RollupLoop::Impl::commit(const journal::RollupCommit& wanted, const std::stop_token& stop) {
  for (;;) {
    const auto status = journal.commit_rollups(wanted);
    if (status == core::CommitStatus::kCommitted) return true;
    if (status == core::CommitStatus::kStopped || stop.stop_requested()) return false;
    fail("the journal did not take the rollups' commit", stop);
  }
}

void RollupLoop::Impl::publish() {
  const std::scoped_lock lock(mutex);
  shown.seq = committed_seq;
  shown.events = added;
  shown.missed = missed;
  shown.others = others + (sums ? sums->others() : 0);
  shown.bytes = sums ? sums->bytes() : 0;
  shown.last_error = last_error;
  if (!asked) shown.rebuild = rebuild;
}

// Trouble on this machine: said, then waited out.
void RollupLoop::Impl::fail(const std::string& what, const std::stop_token& stop) {
  if (last_error != what) spdlog::warn("rollups: {}; nothing is lost, trying again", what);
  last_error = what;
  publish();
  std::unique_lock lock(mutex);
  wake.wait_for(lock, stop, kTrouble, [] { return false; });
}

RollupLoop::RollupLoop(Options options, journal::Journal& journal, const core::Clock& clock)
    : impl_(std::make_unique<Impl>(std::move(options), journal, clock)) {}

RollupLoop::~RollupLoop() { stop(); }

void RollupLoop::start() {
  impl_->thread = std::jthread([impl = impl_.get()](std::stop_token stop) {
    core::name_thread("rollups");
    impl->run(stop);
  });
}

void RollupLoop::stop() {
  if (!impl_->thread.joinable()) return;
  impl_->thread.request_stop();
  impl_->thread.join();
}

LoopStatus RollupLoop::status() const {
  const std::scoped_lock lock(impl_->mutex);
  LoopStatus status = impl_->shown;
  const auto head = impl_->journal.head();
  status.lag = head - std::min(head, status.seq);
  return status;
}

bool RollupLoop::rebuild(core::Time since, core::Time until) {
  const std::scoped_lock lock(impl_->mutex);
  if (impl_->asked || impl_->shown.rebuild.state == RebuildStatus::State::kRunning) return false;
  RebuildStatus wanted;
  wanted.state = RebuildStatus::State::kRunning;
  wanted.since = rollups::begin_of(rollups::bucket_of(since, Grain::kHour));
  wanted.until =
      rollups::begin_of(rollups::bucket_of(until - core::Time::duration(1), Grain::kHour)) +
      std::chrono::hours(1);
  wanted.hours = static_cast<std::size_t>((wanted.until - wanted.since) / std::chrono::hours(1));
  impl_->asked = impl_->shown.rebuild = wanted;
  impl_->waiting.request_stop();
  impl_->wake.notify_all();
  return true;
}

}  // namespace kcloud::analytics
