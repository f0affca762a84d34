#include "agent/journal/journal.h"

#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include <algorithm>
#include <condition_variable>
#include <deque>
#include <future>
#include <list>
#include <mutex>
#include <thread>
#include <utility>

#include "agent/journal/checkpointer.h"
#include "agent/journal/directory.h"
#include "agent/journal/generation.h"
#include "agent/journal/reader.h"
#include "agent/journal/retention.h"
#include "agent/journal/salvage.h"
#include "agent/journal/store.h"

namespace kcloud::journal {

namespace {

using std::chrono::milliseconds;
using std::chrono::steady_clock;
constexpr milliseconds kUpkeepInterval{1000};
constexpr std::uint32_t kRetentionSlice = 2000;

// One message to the writer: an intake, or something to do inside the transaction.
struct Message {
  std::unique_ptr<core::Intake> intake;
  core::Completion done;
  std::function<void(Store&)> work;
  std::function<void(core::CommitStatus)> work_done;
  std::size_t bytes = 0;

  void finish(core::CommitStatus status) {
    if (done) done(status, std::move(intake));
    if (work_done) work_done(status);
  }
};

std::size_t size_of(const core::Intake& intake) {
  std::size_t bytes = intake.batch.bytes() + intake.batch.events.size() * sizeof(core::Event);
  for (const auto& letter : intake.refused)
    bytes += letter.body.size() + letter.detail.size() + sizeof letter;
  return bytes;
}

}  // namespace

struct Journal::Impl {
  Journal& journal;
  const Options options;
  const core::Clock& clock;
  DirectoryLock lock;
  HeadHintFile hint;
  std::shared_ptr<Generation> generation = std::make_shared<Generation>();

  // Guarded by `mutex`.
  mutable std::mutex mutex;
  std::condition_variable_any work_arrived;
  std::vector<Message> queue;
  std::size_t queued_bytes = 0;
  bool writer_waits = false;
  bool closing = false;
  Stats stats;
  std::vector<CursorInfo> cursors;
  std::vector<std::string> required;
  bool over_limit = false;  // the journal is full and may drop nothing

  mutable std::mutex head_mutex;
  mutable std::condition_variable_any head_moved;
  std::mutex listeners_mutex;
  std::list<std::function<void(std::uint64_t)>> listeners;

  // The writer thread's own.
  std::unique_ptr<Store> store;
  std::unique_ptr<Checkpointer> checkpointer;
  int wal_frames = 0;
  bool damage_known = false;
  steady_clock::time_point next_upkeep;
  steady_clock::time_point next_reopen;
  std::jthread writer;

  Impl(Journal& owner, Options the_options, const core::Clock& the_clock)
      : journal(owner),
        options(std::move(the_options)),
        clock(the_clock),
        lock(options.directory),
        hint(options.directory) {
    required = options.required;
    journal.report_ = attach(false);
    next_upkeep = steady_clock::now();
    writer = std::jthread([this] { run(); });
  }

  OpenReport attach(bool salvage) {
    Opened opened = open_store(options, hint, clock, salvage);
    store = std::move(opened.store);
    checkpointer = std::make_unique<Checkpointer>(database_path(options.directory), options.vfs,
                                                  options.wal_bytes);
    sqlite3_wal_hook(
        store->db().handle(),
        [](void* self, sqlite3*, const char*, int frames) {
          static_cast<Impl*>(self)->wal_frames = frames;
          return SQLITE_OK;
        },
        this);
    // The epoch outlives salvage, so readers of it need no lock: it is written once, before any
    // other thread.
    if (journal.epoch_.empty()) journal.epoch_ = store->epoch();
    publish_head();
    std::lock_guard guard(mutex);
    cursors = store->cursors();
    stats.state = State::kOpen;
    stats.bytes = used_bytes(store->db());
    stats.dead_letters =
        static_cast<std::uint64_t>(store->db().integer("SELECT count(*) FROM dead_letters"));
    stats.events = store->oldest() == 0 ? 0 : store->head() - store->oldest() + 1;
    return opened.report;
  }

  void publish_head() {
    hint.update(store->head(), store->oldest());
    {
      std::lock_guard guard(head_mutex);
      journal.head_.store(store->head(), std::memory_order_release);
    }
    head_moved.notify_all();
  }

  void submit(Message message) {
    auto refusal = core::CommitStatus::kBusy;
    {
      std::lock_guard guard(mutex);
      const bool refused = closing || stats.state != State::kOpen;
      const bool full = !queue.empty() && queued_bytes + message.bytes > options.queue_bytes;
      const bool busy = message.intake != nullptr && (over_limit || full);
      if (!refused && !busy) {
        queued_bytes += message.bytes;
        queue.push_back(std::move(message));
        if (std::exchange(writer_waits, false)) work_arrived.notify_one();
        return;
      }
      if (refused) refusal = closing ? core::CommitStatus::kStopped : core::CommitStatus::kFailed;
      if (!refused) stats.busy += 1;
    }
    message.finish(refusal);
  }

  // Takes at most a group's worth of messages. Empty: time for upkeep, or closing.
  std::vector<Message> next_group(bool& stop) {
    std::vector<Message> group;
    std::unique_lock guard(mutex);
    if (queue.empty() && !closing) {
      writer_waits = true;
      work_arrived.wait_for(
          guard, store ? kUpkeepInterval : std::min(kUpkeepInterval, options.reopen_interval),
          [&] { return !queue.empty() || closing; });
      writer_waits = false;
    }
    if (options.group_wait.count() > 0 && !queue.empty() && !closing) {
      work_arrived.wait_for(guard, options.group_wait, [&] { return closing; });
    }
    std::size_t events = 0;
    std::size_t taken = 0;
    for (; taken < queue.size(); ++taken) {
      const auto& message = queue[taken];
      events += message.intake ? message.intake->batch.events.size() : 1;
      if (taken > 0 && events > options.group_events) break;
      queued_bytes -= message.bytes;
    }
    if (taken == queue.size()) {
      group.swap(queue);
    } else {
      const auto end = queue.begin() + static_cast<std::ptrdiff_t>(taken);
      group.assign(std::make_move_iterator(queue.begin()), std::make_move_iterator(end));
      queue.erase(queue.begin(), end);
    }
    stop = closing && queue.empty();
    return group;
  }

  void run() {
    bool stop = false;
    while (!stop) {
      auto group = next_group(stop);
      if (!store) {
        for (auto& message : group) message.finish(core::CommitStatus::kFailed);
        if (steady_clock::now() >= next_reopen) reopen();
        continue;
      }
      if (!group.empty()) commit(group);
      if (store && steady_clock::now() >= next_upkeep) upkeep();
      if (generation->damage_reported.exchange(false) && store) {
        lose_store("a reader met damage", true);
      }
    }
    close_store();
  }

  void apply(std::vector<Message>& group, Stats& delta) {
    for (auto& message : group) {
      if (message.intake) {
        for (auto& event : message.intake->batch.events) {
          store->add(event);
          delta.committed_events += event.verdict == core::Verdict::kStored;
          delta.duplicates += event.verdict == core::Verdict::kDuplicate;
          delta.conflicts += event.verdict == core::Verdict::kConflict;
        }
        for (const auto& letter : message.intake->refused) store->add(letter);
        delta.dead_letters += message.intake->refused.size();
      }
      if (message.work) message.work(*store);
    }
  }

  void commit(std::vector<Message>& group) {
    const auto started = steady_clock::now();
    Stats delta;
    const std::uint64_t before = store->head();
    try {
      store->begin();
      apply(group, delta);
      store->commit();
    } catch (const SqliteError& error) {
      store->rollback();
      for (auto& message : group) {
        if (message.intake) {
          for (auto& event : message.intake->batch.events) event.verdict = core::Verdict::kPending;
        }
      }
      lose_store(error.what(), error.damaged());
      for (auto& message : group) message.finish(core::CommitStatus::kFailed);
      return;
    }
    {
      std::lock_guard guard(mutex);
      stats.commits += 1;
      stats.committed_events += delta.committed_events;
      stats.oldest = store->oldest();
      stats.events += delta.committed_events;
      stats.duplicates += delta.duplicates;
      stats.conflicts += delta.conflicts;
      stats.dead_letters += delta.dead_letters + delta.conflicts;
      stats.commit_seconds_sum +=
          std::chrono::duration<double>(steady_clock::now() - started).count();
    }
    if (store->head() != before) publish_head();
    for (auto& message : group) message.finish(core::CommitStatus::kCommitted);
    if (store->head() != before) tell_listeners();
    checkpoint();
  }

  // A failed fsync of the checkpointer means as much as one of the writer.
  void checkpoint() {
    checkpointer->committed(wal_frames);
    if (const auto error = checkpointer->last_error(); !error.empty()) lose_store(error, false);
  }

  void tell_listeners() {
    std::lock_guard guard(listeners_mutex);
    for (const auto& listener : listeners) listener(store->head());
  }

  // After a failed write or fsync nothing on this connection is trusted again: it is closed, and a
  // new one checkpoints everything before the next acknowledgement.
  void lose_store(const std::string& why, bool damaged) {
    spdlog::error("journal: cannot store, intake answers 503 until it recovers: {}", why);
    damage_known = damaged;
    checkpointer.reset();
    generation->disconnect_all();
    store.reset();
    next_reopen = steady_clock::now() + (damaged ? milliseconds(0) : options.reopen_interval);
    std::lock_guard guard(mutex);
    stats.state = State::kRecovering;
    stats.last_error = why;
    stats.failed_commits += 1;
  }

  void reopen() {
    next_reopen = steady_clock::now() + options.reopen_interval;
    try {
      const OpenReport report = attach(damage_known);
      if (!report.damaged_file.empty()) {
        std::lock_guard guard(mutex);
        journal.report_ = report;
      }
      damage_known = false;
      generation->disconnect_all();
      spdlog::warn("journal: storing again. {}", report.detail);
    } catch (const std::exception& error) {
      store.reset();
      std::lock_guard guard(mutex);
      stats.last_error = error.what();
    }
  }

  RetentionLimits limits() {
    const std::int64_t now = core::to_nanos(clock.now());
    const auto nanos = [](milliseconds value) { return std::chrono::nanoseconds(value).count(); };
    RetentionLimits out;
    out.max_bytes = options.max_bytes;
    out.oldest_received = now - nanos(options.max_age);
    out.oldest_seen_received = now - nanos(options.dedup_horizon);
    out.today = day_of_ms(now / 1'000'000);
    out.max_dead_letters = options.max_dead_letters;
    out.keep_after = store->head();
    std::lock_guard guard(mutex);
    for (const auto& cursor : cursors) {
      if (std::find(required.begin(), required.end(), cursor.name) != required.end()) {
        out.keep_after = std::min(out.keep_after, cursor.seq);
      }
    }
    return out;
  }

  void upkeep() {
    RetentionWork work;
    try {
      const auto bounds = limits();
      store->begin();
      store->index_workloads();
      work = retain(*store, bounds, kRetentionSlice);
      store->commit();
      hint.update(store->head(), store->oldest());
    } catch (const SqliteError& error) {
      store->rollback();
      lose_store(error.what(), error.damaged());
      return;
    }
    next_upkeep = steady_clock::now() + (work.more ? milliseconds(0) : kUpkeepInterval);
    note_upkeep(work);
    checkpoint();
  }

  void note_upkeep(const RetentionWork& work) {
    std::lock_guard guard(mutex);
    stats.bytes = work.bytes;
    stats.oldest = store->oldest();
    stats.expired += work.expired;
    stats.evicted += work.evicted;
    stats.events -= std::min(stats.events, work.expired + work.evicted);
    stats.dead_letters -= std::min(stats.dead_letters, work.dead_letters_dropped);
    stats.dead_letters_dropped += work.dead_letters_dropped;
    if (work.over_limit && !over_limit) {
      spdlog::error(
          "journal: over max_bytes and a required exporter still needs the oldest events; intake "
          "answers 503");
    } else if (over_limit && !work.over_limit) {
      spdlog::info("journal: no longer held at its size, events are taken");
    }
    over_limit = work.over_limit;
    stats.full = over_limit;
  }

  void close_store() {
    if (!store) return;
    try {
      store->begin();
      set_meta(store->db(), "clean", "1");
      set_meta(store->db(), "head", std::to_string(store->head()));
      store->commit();
      checkpointer.reset();
      sqlite3_wal_checkpoint_v2(store->db().handle(), nullptr, SQLITE_CHECKPOINT_TRUNCATE, nullptr,
                                nullptr);
    } catch (const SqliteError& error) {
      spdlog::warn("journal: closing: {}", error.what());
    }
    checkpointer.reset();
    store.reset();
  }
};

Journal::Journal(Options options, const core::Clock& clock)
    : impl_(std::make_unique<Impl>(*this, std::move(options), clock)) {}

Journal::~Journal() { close(); }

void Journal::close() {
  {
    std::lock_guard guard(impl_->mutex);
    impl_->closing = true;
    impl_->work_arrived.notify_all();
  }
  if (impl_->writer.joinable()) impl_->writer.join();
  std::lock_guard guard(impl_->mutex);
  impl_->stats.state = State::kClosed;
}

void Journal::accept(std::unique_ptr<core::Intake> intake, core::Completion done) {
  Message message;
  message.bytes = size_of(*intake);
  message.intake = std::move(intake);
  message.done = std::move(done);
  impl_->submit(std::move(message));
}

void Journal::accept(std::unique_ptr<core::Intake> intake, const std::string& name,
                     const std::string& text, core::Completion done) {
  Message message;
  message.bytes = size_of(*intake) + text.size();
  message.intake = std::move(intake);
  message.done = std::move(done);
  const core::Time now = impl_->clock.now();
  message.work = [name, text, now](Store& store) { store.write_note(name, text, now); };
  impl_->submit(std::move(message));
}

std::string Journal::note(const std::string& name) const {
  const auto committed = std::make_shared<std::promise<core::CommitStatus>>();
  std::string text;
  Message message;
  message.work = [&](Store& store) { text = store.note(name); };
  message.work_done = [committed](core::CommitStatus status) { committed->set_value(status); };
  impl_->submit(std::move(message));
  if (committed->get_future().get() != core::CommitStatus::kCommitted) {
    throw NotStoring("cannot read note '" + name + "': the journal does not store at present");
  }
  return text;
}

void Journal::move_cursor(const std::string& name, std::uint64_t seq,
                          std::vector<core::DeadLetter> refused,
                          std::function<void(core::CommitStatus)> done) {
  Message message;
  const auto letters = std::make_shared<std::vector<core::DeadLetter>>(std::move(refused));
  const core::Time now = impl_->clock.now();
  message.work = [name, seq, letters, now](Store& store) {
    for (const auto& letter : *letters) store.add(letter);
    store.move_cursor(name, seq, now);
  };
  message.work_done = [this, name, seq, letters, now,
                       done = std::move(done)](core::CommitStatus status) {
    if (status == core::CommitStatus::kCommitted) {
      std::lock_guard guard(impl_->mutex);
      impl_->stats.dead_letters += letters->size();
      for (auto& cursor : impl_->cursors) {
        if (cursor.name == name) cursor = {name, seq, now, 0};
      }
    }
    if (done) done(status);
  };
  impl_->submit(std::move(message));
}

CursorInfo Journal::open_cursor(const std::string& name, std::uint64_t start) {
  // Shared, as the writer may still be inside set_value when the wait ends.
  const auto committed = std::make_shared<std::promise<core::CommitStatus>>();
  CursorInfo cursor;
  Message message;
  const core::Time now = impl_->clock.now();
  message.work = [&](Store& store) {
    const auto existing = store.cursor(name);
    cursor = existing.value_or(CursorInfo{name, start, now, 0});
    if (!existing) store.move_cursor(name, start, now);
  };
  message.work_done = [committed](core::CommitStatus status) { committed->set_value(status); };
  impl_->submit(std::move(message));
  if (committed->get_future().get() != core::CommitStatus::kCommitted) {
    throw NotStoring("cannot make cursor '" + name + "': the journal does not store at present");
  }
  if (cursor.seq > head()) {
    throw std::runtime_error(
        fmt::format("cursor '{}' stands at {} but the journal's head is {}: the journal is older "
                    "than the cursor. Hint: restore the "
                    "matching data directory, or run `kcloud-logger cursors drop {}` to deliver "
                    "from the oldest event",
                    name, cursor.seq, head(), name));
  }
  std::lock_guard guard(impl_->mutex);
  std::erase_if(impl_->cursors, [&](const CursorInfo& known) { return known.name == name; });
  impl_->cursors.push_back(cursor);
  return cursor;
}

bool Journal::drop_cursor(const std::string& name) {
  const auto committed = std::make_shared<std::promise<core::CommitStatus>>();
  bool dropped = false;
  Message message;
  message.work = [&](Store& store) { dropped = store.drop_cursor(name); };
  message.work_done = [committed](core::CommitStatus status) { committed->set_value(status); };
  impl_->submit(std::move(message));
  if (committed->get_future().get() != core::CommitStatus::kCommitted) return false;
  std::lock_guard guard(impl_->mutex);
  std::erase_if(impl_->cursors, [&](const CursorInfo& known) { return known.name == name; });
  return dropped;
}

OpenReport Journal::open_report() const {
  std::lock_guard guard(impl_->mutex);
  return report_;
}

std::vector<CursorInfo> Journal::cursors() const {
  std::lock_guard guard(impl_->mutex);
  auto all = impl_->cursors;
  for (auto& cursor : all) {
    if (impl_->stats.oldest > cursor.seq + 1) cursor.skipped = impl_->stats.oldest - cursor.seq - 1;
  }
  return all;
}

void Journal::set_required(std::vector<std::string> names) {
  std::lock_guard guard(impl_->mutex);
  impl_->required = std::move(names);
}

std::unique_ptr<Reader> Journal::reader() const {
  return make_reader(impl_->options.directory, impl_->options.vfs, impl_->generation);
}

Stats Journal::stats() const {
  std::lock_guard guard(impl_->mutex);
  Stats out = impl_->stats;
  out.head = head();
  out.queued_bytes = impl_->queued_bytes;
  return out;
}

namespace {
class ListenerHandle final : public Journal::Subscription {
 public:
  ListenerHandle(std::mutex& mutex, std::list<std::function<void(std::uint64_t)>>& listeners,
                 std::function<void(std::uint64_t)> listener)
      : mutex_(mutex), listeners_(listeners) {
    std::lock_guard guard(mutex_);
    at_ = listeners_.insert(listeners_.end(), std::move(listener));
  }
  ~ListenerHandle() override {
    std::lock_guard guard(mutex_);
    listeners_.erase(at_);
  }

 private:
  std::mutex& mutex_;
  std::list<std::function<void(std::uint64_t)>>& listeners_;
  std::list<std::function<void(std::uint64_t)>>::iterator at_;
};
}  // namespace

std::unique_ptr<Journal::Subscription> Journal::subscribe(
    std::function<void(std::uint64_t head)> listener) {
  return std::make_unique<ListenerHandle>(impl_->listeners_mutex, impl_->listeners,
                                          std::move(listener));
}

std::uint64_t Journal::wait_beyond(std::uint64_t seq, milliseconds timeout,
                                   std::stop_token stop) const {
  std::unique_lock guard(impl_->head_mutex);
  impl_->head_moved.wait_for(guard, stop, timeout, [&] { return head() > seq; });
  return head();
}

}  // namespace kcloud::journal
