#include "agent/journal/journal.h"

#include <fmt/format.h>

#include <algorithm>
#include <exception>
#include <future>
#include <mutex>
#include <utility>

#include "agent/journal/cursor_name.h"
#include "agent/journal/directory.h"
#include "agent/journal/generation.h"
#include "agent/journal/head.h"
#include "agent/journal/reader.h"
#include "agent/journal/rollup_state.h"
#include "agent/journal/seals.h"
#include "agent/journal/store.h"
#include "agent/journal/work_queue.h"
#include "agent/journal/writer.h"

namespace kcloud::journal {

using std::chrono::milliseconds;

namespace {

std::size_t size_of(const core::Intake& intake) {
  std::size_t bytes = intake.batch.bytes() + intake.batch.events.size() * sizeof(core::Event);
  for (const auto& letter : intake.refused)
    bytes += letter.body.size() + letter.detail.size() + sizeof letter;
  return bytes;
}

// One letter that was tried again, inside the writer's transaction. Two retries of one letter at
// the same time meet here: the second finds it gone.
void settle(Store& store, core::EventBatch& batch, LetterRetry& letter) {
  using Outcome = LetterRetry::Outcome;
  if (!store.has_letter(letter.id)) {
    letter.outcome = Outcome::kGone;
    return;
  }
  if (letter.event != LetterRetry::kNoEvent) {
    core::Event& event = batch.events[letter.event];
    store.settle(event);
    letter.outcome = event.verdict == core::Verdict::kStored      ? Outcome::kStored
                     : event.verdict == core::Verdict::kDuplicate ? Outcome::kDuplicate
                                                                  : Outcome::kRefused;
    if (letter.outcome == Outcome::kRefused) {
      letter.reason = kIdConflict;
      letter.detail = kIdConflictDetail;
    }
  }
  if (letter.outcome == Outcome::kRefused) {
    store.rewrite_letter(letter.id, letter.reason, letter.detail);
  } else {
    store.remove_letter(letter.id);
  }
}

}  // namespace

struct Journal::Impl {
  const Options options;
  const core::Clock& clock;
  DirectoryLock lock;
  std::shared_ptr<Generation> generation = std::make_shared<Generation>();
  WorkQueue queue;
  Board board;
  Head head;
  Writer writer;

  Impl(Options the_options, const core::Clock& the_clock)
      : options(std::move(the_options)),
        clock(the_clock),
        lock(options.directory),
        queue({options.queue_bytes, options.group_events, options.group_wait}),
        board{.mutex = {}, .stats = {}, .cursors = {}, .required = options.required, .report = {}},
        writer(options, clock, queue, board, head, generation) {
    writer.start();
  }
  ~Impl() { queue.close(); }  // the writer's end waits for what is queued

  void note_cursor(const std::string& name, std::uint64_t seq, core::Time now) {
    std::lock_guard guard(board.mutex);
    const auto known = std::ranges::find(board.cursors, name, &CursorInfo::name);
    (known == board.cursors.end() ? board.cursors.emplace_back() : *known) = {name, seq, now, 0};
  }

  // Hands `work` to the writer and waits for its commit; `after` counts it, before any other
  // commit.
  core::CommitStatus commit(std::function<void(Store&)> work,
                            std::function<void(Stats&)> after = {}) {
    // Shared, as the writer may still be inside set_value when the wait ends.
    const auto committed = std::make_shared<std::promise<core::CommitStatus>>();
    Message message;
    message.work = std::move(work);
    message.work_done = [this, committed, after = std::move(after)](core::CommitStatus status) {
      if (after && status == core::CommitStatus::kCommitted) {
        std::lock_guard guard(board.mutex);
        after(board.stats);
      }
      committed->set_value(status);
    };
    queue.submit(std::move(message));
    return committed->get_future().get();
  }
};

Journal::Journal(Options options, const core::Clock& clock)
    : impl_(std::make_unique<Impl>(std::move(options), clock)) {}

Journal::~Journal() { close(); }

void Journal::close() {
  impl_->queue.close();
  impl_->writer.join();
  std::lock_guard guard(impl_->board.mutex);
  impl_->board.stats.state = State::kClosed;
}

std::uint64_t Journal::head() const { return impl_->head.get(); }

const std::string& Journal::epoch() const { return impl_->writer.epoch(); }

void Journal::accept(std::unique_ptr<core::Intake> intake, core::Completion done) {
  Message message;
  message.bytes = size_of(*intake);
  message.intake = std::move(intake);
  message.done = std::move(done);
  impl_->queue.submit(std::move(message));
}

void Journal::accept(std::unique_ptr<core::Intake> intake, const std::string& name,
                     const std::string& text, core::Completion done) {
  Message message;
  message.bytes = size_of(*intake) + text.size();
  message.intake = std::move(intake);
  message.done = std::move(done);
  const core::Time now = impl_->clock.now();
  message.work = [name, text, now](Store& store) { store.write_note(name, text, now); };
  impl_->queue.submit(std::move(message));
}

std::string Journal::note(const std::string& name) const {
  std::string text;
  const auto status = impl_->commit([&](Store& store) { text = store.note(name); });
  if (status != core::CommitStatus::kCommitted) {
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
    if (status == core::CommitStatus::kCommitted) impl_->note_cursor(name, seq, now);
    if (done) done(status);
  };
  impl_->queue.submit(std::move(message));
}

core::CommitStatus Journal::commit_rules(RuleCommit& commit) {
  const core::Time now = impl_->clock.now();
  Message message;
  message.bytes = size_of(*commit.transitions);
  message.always = true;
  message.intake = std::move(commit.transitions);
  // Stays where it is while the message holds it.
  const core::EventBatch* batch = &message.intake->batch;
  message.work = [&commit, batch, now](Store& store) { store.note_rules(commit, *batch, now); };
  const auto shared = std::make_shared<std::promise<core::CommitStatus>>();
  message.done = [this, &commit, now, shared](core::CommitStatus status,
                                              std::unique_ptr<core::Intake> back) {
    commit.transitions = std::move(back);
    if (status == core::CommitStatus::kCommitted)
      impl_->note_cursor(commit.cursor, commit.seq, now);
    shared->set_value(status);
  };
  impl_->queue.submit(std::move(message));
  return shared->get_future().get();
}

core::CommitStatus Journal::put_silence(const Silence& silence, core::Time forget_before) {
  return impl_->commit([&](Store& store) { store.put_silence(silence, forget_before); });
}

core::CommitStatus Journal::commit_rollups(const RollupCommit& commit) {
  const core::Time now = impl_->clock.now();
  const auto status = impl_->commit([&](Store& store) { store.note_rollups(commit, now); });
  if (status == core::CommitStatus::kCommitted && !commit.cursor.empty())
    impl_->note_cursor(commit.cursor, commit.seq, now);
  return status;
}

core::CommitStatus Journal::retry_letters(core::EventBatch& batch,
                                          std::vector<LetterRetry>& letters) {
  if (!batch.events.empty() && stats().full) return core::CommitStatus::kBusy;
  return impl_->commit(
      [&](Store& store) {
        for (auto& letter : letters) settle(store, batch, letter);
      },
      [&](Stats& stats) {
        for (const auto& letter : letters) {
          stats.dead_letters_retried += letter.outcome != LetterRetry::Outcome::kGone;
          stats.committed_events += letter.outcome == LetterRetry::Outcome::kStored;
          stats.events += letter.outcome == LetterRetry::Outcome::kStored;
          stats.duplicates += letter.outcome == LetterRetry::Outcome::kDuplicate;
        }
      });
}

core::CommitStatus Journal::remove_letters(const std::vector<std::uint64_t>& ids,
                                           std::uint64_t& removed) {
  removed = 0;
  return impl_->commit(
      [&](Store& store) {
        for (const auto id : ids) removed += store.remove_letter(id) ? 1 : 0;
      },
      [&](Stats& stats) { stats.dead_letters_purged += removed; });
}

core::CommitStatus Journal::queue_notifications(const std::vector<Notice>& notices) {
  return impl_->commit([&](Store& store) { store.queue_notifications(notices); });
}

core::CommitStatus Journal::form_notifications(std::vector<Notification>& formed,
                                               const std::vector<std::uint64_t>& notices) {
  return impl_->commit([&](Store& store) {
    for (auto& notification : formed) store.add_notification(notification);
    store.remove_notices(notices);
  });
}

core::CommitStatus Journal::settle_notification(const Notification& notification) {
  return impl_->commit([&](Store& store) { store.settle_notification(notification); });
}

core::CommitStatus Journal::retire_notifiers(const std::vector<std::string>& kept,
                                             std::uint64_t& dropped) {
  const core::Time now = impl_->clock.now();
  return impl_->commit([&](Store& store) { dropped = store.retire_notifiers(kept, now); });
}

CursorInfo Journal::open_cursor(const std::string& name, std::uint64_t start) {
  CursorInfo cursor;
  const core::Time now = impl_->clock.now();
  const auto status = impl_->commit([&](Store& store) {
    const auto existing = store.cursor(name);
    cursor = existing.value_or(CursorInfo{name, start, now, 0});
    if (!existing) store.move_cursor(name, start, now);
  });
  if (status != core::CommitStatus::kCommitted) {
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
  std::lock_guard guard(impl_->board.mutex);
  std::erase_if(impl_->board.cursors, [&](const CursorInfo& known) { return known.name == name; });
  impl_->board.cursors.push_back(cursor);
  return cursor;
}

bool Journal::drop_cursor(const std::string& name) {
  bool dropped = false;
  const auto status = impl_->commit([&](Store& store) { dropped = store.drop_cursor(name); });
  if (status != core::CommitStatus::kCommitted) return false;
  std::lock_guard guard(impl_->board.mutex);
  std::erase_if(impl_->board.cursors, [&](const CursorInfo& known) { return known.name == name; });
  return dropped;
}

Journal::ChainState Journal::chain() const {
  const std::lock_guard guard(impl_->board.mutex);
  return impl_->board.chain;
}

std::uint64_t Journal::wait_sealed(std::uint64_t seq, milliseconds timeout,
                                   std::stop_token stop) const {
  Board& board = impl_->board;
  const auto number = [&] { return board.chain.last ? board.chain.last->seq : 0; };
  std::unique_lock lock(board.mutex);
  board.sealed.wait_for(lock, stop, timeout, [&] { return number() > seq; });
  return number();
}

Renewal Journal::renew_chain(
    std::uint64_t after, const std::function<void(const Renewal&, core::EventBatch&)>& announce) {
  Renewal renewal;
  std::exception_ptr refused;
  const auto status = impl_->commit([&](Store& store) {
    try {
      renewal = journal::renew_chain(store.db(), after);
    } catch (const std::invalid_argument&) {
      refused = std::current_exception();
      return;
    }
    core::EventBatch batch;
    announce(renewal, batch);
    for (auto& event : batch.events) store.add(event);
  });
  if (refused) std::rethrow_exception(refused);
  if (status != core::CommitStatus::kCommitted) throw NotStoring("the journal does not store");
  return renewal;
}

OpenReport Journal::open_report() const {
  std::lock_guard guard(impl_->board.mutex);
  return impl_->board.report;
}

std::vector<CursorInfo> Journal::cursors() const {
  std::lock_guard guard(impl_->board.mutex);
  auto all = impl_->board.cursors;
  for (auto& cursor : all) {
    if (impl_->board.stats.oldest > cursor.seq + 1 && !counts_batches(cursor.name))
      cursor.skipped = impl_->board.stats.oldest - cursor.seq - 1;
  }
  return all;
}

void Journal::set_required(std::vector<std::string> names) {
  std::lock_guard guard(impl_->board.mutex);
  impl_->board.required = std::move(names);
}

std::unique_ptr<Reader> Journal::reader() const {
  return make_reader(impl_->options.directory, impl_->options.vfs, impl_->generation);
}

Stats Journal::stats() const {
  std::unique_lock guard(impl_->board.mutex);
  Stats out = impl_->board.stats;
  guard.unlock();
  out.head = head();
  out.queued_bytes = impl_->queue.bytes();
  out.busy = impl_->queue.busy();
  return out;
}

std::unique_ptr<Journal::Subscription> Journal::subscribe(
    std::function<void(std::uint64_t head)> listener) {
  return impl_->head.listeners.add(std::move(listener));
}

std::unique_ptr<Journal::Subscription> Journal::subscribe_stored(
    std::function<void(std::shared_ptr<const StoredEvents>)> listener) {
  return impl_->head.event_listeners.add(std::move(listener));
}

std::uint64_t Journal::wait_beyond(std::uint64_t seq, milliseconds timeout,
                                   std::stop_token stop) const {
  return impl_->head.wait_beyond(seq, timeout, std::move(stop));
}

}  // namespace kcloud::journal
