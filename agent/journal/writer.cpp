#include "agent/journal/writer.h"

#include <spdlog/spdlog.h>

#include <algorithm>
#include <utility>

#include "agent/journal/checkpointer.h"
#include "agent/journal/generation.h"
#include "agent/journal/salvage.h"
#include "agent/journal/sealer.h"
#include "agent/journal/store.h"
#include "core/thread_name.h"

namespace kcloud::journal {

namespace {
using std::chrono::milliseconds;
using std::chrono::steady_clock;
constexpr milliseconds kUpkeepInterval{1000};
constexpr std::uint32_t kRetentionSlice = 2000;

// Names that belong to the collectors, which may end before the events do.
void keep_names(core::EventBatch& batch) {
  struct Name {
    std::string_view given, kept;
    void keep(std::string_view& name, core::EventBatch& batch) {
      if (name.data() != given.data() || name.size() != given.size())
        kept = batch.keep(given = name);
      name = kept;
    }
  };
  Name collector, agent;
  for (auto& event : batch.events) {
    collector.keep(event.collector, batch);
    agent.keep(event.agent, batch);
  }
}

}  // namespace

Writer::Writer(const Options& options, const core::Clock& clock, WorkQueue& queue, Board& board,
               Head& head, std::shared_ptr<Generation> generation)
    : options_(options),
      clock_(clock),
      queue_(queue),
      board_(board),
      head_(head),
      generation_(std::move(generation)),
      hint_(options.directory) {
  board_.report = attach(false);
  next_upkeep_ = steady_clock::now();
}

Writer::~Writer() { join(); }

void Writer::start() {
  thread_ = std::jthread([this] {
    core::name_thread("journal");
    run();
  });
}

void Writer::join() {
  if (thread_.joinable()) thread_.join();
}

OpenReport Writer::attach(bool salvage) {
  Opened opened = open_store(options_, hint_, clock_, salvage);
  store_ = std::move(opened.store);
  store_->begin();
  sealer_ = std::make_unique<Sealer>(options_.seals, store_->db(), store_->head(), clock_.now());
  store_->commit();
  store_->on_stored([this](const core::Event& event) { sealer_->add(event); });
  checkpointer_ = std::make_unique<Checkpointer>(database_path(options_.directory), options_.vfs,
                                                 options_.wal_bytes);
  sqlite3_wal_hook(
      store_->db().handle(),
      [](void* self, sqlite3*, const char*, int frames) {
        static_cast<Writer*>(self)->wal_frames_ = frames;
        return SQLITE_OK;
      },
      this);
  // The epoch outlives salvage, so readers of it need no lock: it is written once, before any
  // other thread.
  if (epoch_.empty()) epoch_ = store_->epoch();
  publish_head();
  queue_.set_storing(true);
  note_seal();
  std::lock_guard guard(board_.mutex);
  board_.cursors = store_->cursors();
  board_.stats.state = State::kOpen;
  board_.stats.bytes = used_bytes(store_->db());
  count_letters();
  board_.stats.events = store_->oldest() == 0 ? 0 : store_->head() - store_->oldest() + 1;
  return opened.report;
}

void Writer::publish_head() {
  hint_.update(store_->head(), store_->oldest());
  head_.publish(store_->head());
}

void Writer::run() {
  bool last = false;
  while (!last) {
    const auto idle = std::min(
        kUpkeepInterval, store_ ? sealer_->until_due(clock_.now()) : options_.reopen_interval);
    auto group = queue_.take_group(idle, last);
    if (!store_) {
      for (auto& message : group) message.finish(core::CommitStatus::kFailed);
      if (steady_clock::now() >= next_reopen_) reopen();
      continue;
    }
    if (!group.empty()) commit(group);
    if (store_ && !last) seal();
    if (store_ && steady_clock::now() >= next_upkeep_) upkeep();
    if (generation_->damage_reported.exchange(false) && store_) {
      lose_store("a reader met damage", true);
    }
  }
  close_store();
}

void Writer::apply(std::vector<Message>& group, Stats& delta) {
  for (auto& message : group) {
    if (message.intake) {
      for (auto& event : message.intake->batch.events) {
        store_->add(event);
        delta.committed_events += event.verdict == core::Verdict::kStored;
        delta.duplicates += event.verdict == core::Verdict::kDuplicate;
        delta.conflicts += event.verdict == core::Verdict::kConflict;
      }
      for (const auto& letter : message.intake->refused) store_->add(letter);
    }
    if (message.work) message.work(*store_);
  }
}

void Writer::commit(std::vector<Message>& group) {
  const auto started = steady_clock::now();
  Stats delta;
  const std::uint64_t before = store_->head();
  try {
    store_->begin();
    apply(group, delta);
    sealer_->seal(store_->db(), store_->head(), clock_.now());
    store_->commit();
  } catch (const SqliteError& error) {
    store_->rollback();
    for (auto& message : group) {
      if (message.intake) {
        for (auto& event : message.intake->batch.events) event.verdict = core::Verdict::kPending;
      }
    }
    lose_store(error.what(), error.damaged());
    for (auto& message : group) message.finish(core::CommitStatus::kFailed);
    return;
  }
  note_commit(delta, started);
  note_seal();
  const bool moved = store_->head() != before;
  if (moved) {
    hand_on(group, before);
    publish_head();
  }
  for (auto& message : group) message.finish(core::CommitStatus::kCommitted);
  if (moved) head_.listeners.tell(store_->head());
  checkpoint();
}

// The readers get the events as they are; the intakes go back to their collectors.
void Writer::hand_on(std::vector<Message>& group, std::uint64_t before) {
  if (head_.event_listeners.empty()) return;
  auto stored = std::make_shared<StoredEvents>();
  stored->after = before;
  stored->to = store_->head();
  auto& events = stored->events.events;
  events.reserve(stored->to - before);
  for (auto& message : group) {
    if (!message.intake) continue;
    auto& batch = message.intake->batch;
    const std::size_t had = events.size();
    for (const auto& event : batch.events)
      if (event.verdict == core::Verdict::kStored) events.push_back(event);
    if (events.size() == had) continue;
    stored->bytes += batch.bytes();
    stored->events.adopt(batch.share());
  }
  if (events.size() != stored->to - before) return;
  stored->bytes += events.size() * sizeof(core::Event);
  keep_names(stored->events);
  head_.event_listeners.tell(std::move(stored));
}

// With the board's lock.
void Writer::count_letters() {
  Stats& stats = board_.stats;
  if (stats.dead_letters_by_reason == store_->letters()) return;
  stats.dead_letters_by_reason = store_->letters();
  stats.dead_letters = 0;
  for (const auto& [reason, count] : stats.dead_letters_by_reason) stats.dead_letters += count;
}

void Writer::note_commit(const Stats& delta, steady_clock::time_point started) {
  std::lock_guard guard(board_.mutex);
  Stats& stats = board_.stats;
  stats.commits += 1;
  stats.committed_events += delta.committed_events;
  stats.oldest = store_->oldest();
  stats.events += delta.committed_events;
  stats.duplicates += delta.duplicates;
  stats.conflicts += delta.conflicts;
  count_letters();
  stats.commit_seconds_sum += std::chrono::duration<double>(steady_clock::now() - started).count();
}

// Tells of the newest batch that is on disk.
void Writer::note_seal() {
  std::lock_guard guard(board_.mutex);
  const auto& last = sealer_->last();
  const bool same = board_.chain.last.has_value() == last.has_value() &&
                    (!last || board_.chain.last->hash == last->hash);
  if (same && board_.chain.chain == sealer_->chain()) return;
  board_.chain = {sealer_->chain(), last};
  board_.sealed.notify_all();
}

// A commit for a batch alone: when no event comes, or while the events of a start are read again.
void Writer::seal() {
  if (!sealer_->due(clock_.now())) return;
  try {
    store_->begin();
    sealer_->seal(store_->db(), store_->head(), clock_.now());
    store_->commit();
  } catch (const SqliteError& error) {
    store_->rollback();
    lose_store(error.what(), error.damaged());
    return;
  }
  note_seal();
  checkpoint();
}

// A failed fsync of the checkpointer means as much as one of the writer.
void Writer::checkpoint() {
  checkpointer_->committed(wal_frames_);
  if (const auto error = checkpointer_->last_error(); !error.empty()) lose_store(error, false);
}

// After a failed write or fsync nothing on this connection is trusted again: it is closed, and a
// new one checkpoints everything before the next acknowledgement.
void Writer::lose_store(const std::string& why, bool damaged) {
  spdlog::error("journal: cannot store, intake answers 503 until it recovers: {}", why);
  queue_.set_storing(false);
  damage_known_ = damaged;
  checkpointer_.reset();
  generation_->disconnect_all();
  sealer_.reset();
  store_.reset();
  next_reopen_ = steady_clock::now() + (damaged ? milliseconds(0) : options_.reopen_interval);
  std::lock_guard guard(board_.mutex);
  board_.stats.state = State::kRecovering;
  board_.stats.last_error = why;
  board_.stats.failed_commits += 1;
}

void Writer::reopen() {
  next_reopen_ = steady_clock::now() + options_.reopen_interval;
  try {
    const OpenReport report = attach(damage_known_);
    if (!report.damaged_file.empty()) {
      std::lock_guard guard(board_.mutex);
      board_.report = report;
    }
    damage_known_ = false;
    generation_->disconnect_all();
    spdlog::warn("journal: storing again. {}", report.detail);
  } catch (const std::exception& error) {
    sealer_.reset();
    store_.reset();
    std::lock_guard guard(board_.mutex);
    board_.stats.last_error = error.what();
  }
}

RetentionLimits Writer::limits() const {
  const std::int64_t now = core::to_nanos(clock_.now());
  const auto nanos = [](milliseconds value) { return std::chrono::nanoseconds(value).count(); };
  RetentionLimits out;
  out.max_bytes = options_.max_bytes;
  out.oldest_received = now - nanos(options_.max_age);
  out.oldest_seen_received = now - nanos(options_.dedup_horizon);
  out.today = day_of_ms(now / 1'000'000);
  out.max_dead_letters = options_.max_dead_letters;
  out.oldest_letter = now - nanos(options_.dead_letter_max_age);
  out.max_notifications = options_.max_notifications;
  out.oldest_notification = now - nanos(options_.notification_max_age);
  out.keep_after = options_.seals.enabled ? sealer_->sealed_to() : store_->head();
  std::lock_guard guard(board_.mutex);
  const auto& required = board_.required;
  for (const auto& cursor : board_.cursors) {
    if (std::find(required.begin(), required.end(), cursor.name) != required.end()) {
      out.keep_after = std::min(out.keep_after, cursor.seq);
    }
  }
  return out;
}

void Writer::upkeep() {
  RetentionWork work;
  try {
    const auto bounds = limits();
    store_->begin();
    store_->index_workloads();
    work = retain(*store_, bounds, kRetentionSlice);
    store_->commit();
    hint_.update(store_->head(), store_->oldest());
  } catch (const SqliteError& error) {
    store_->rollback();
    lose_store(error.what(), error.damaged());
    return;
  }
  next_upkeep_ = steady_clock::now() + (work.more ? milliseconds(0) : kUpkeepInterval);
  note_upkeep(work);
  checkpoint();
}

void Writer::note_upkeep(const RetentionWork& work) {
  if (work.over_limit && !over_limit_) {
    spdlog::error(
        "journal: over max_bytes and a required exporter still needs the oldest events; intake "
        "answers 503");
  } else if (over_limit_ && !work.over_limit) {
    spdlog::info("journal: no longer held at its size, events are taken");
  }
  over_limit_ = work.over_limit;
  queue_.set_full(over_limit_);
  std::lock_guard guard(board_.mutex);
  Stats& stats = board_.stats;
  stats.bytes = work.bytes;
  stats.oldest = store_->oldest();
  stats.expired += work.expired;
  stats.evicted += work.evicted;
  stats.events -= std::min(stats.events, work.expired + work.evicted);
  count_letters();
  stats.dead_letters_dropped += work.dead_letters_dropped;
  stats.full = over_limit_;
}

void Writer::close_store() {
  if (!store_) return;
  try {
    store_->begin();
    set_meta(store_->db(), "clean", "1");
    set_meta(store_->db(), "head", std::to_string(store_->head()));
    store_->commit();
    checkpointer_.reset();
    sqlite3_wal_checkpoint_v2(store_->db().handle(), nullptr, SQLITE_CHECKPOINT_TRUNCATE, nullptr,
                              nullptr);
  } catch (const SqliteError& error) {
    spdlog::warn("journal: closing: {}", error.what());
  }
  checkpointer_.reset();
  sealer_.reset();
  store_.reset();
}

}  // namespace kcloud::journal
