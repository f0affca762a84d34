#include "core/commit_queue.h"

#include <poll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <algorithm>
#include <condition_variable>
#include <mutex>
#include <optional>
#include <stdexcept>
#include <utility>

namespace kcloud::core {

using std::chrono::milliseconds;
using std::chrono::steady_clock;

// What the sink's thread and the collector's share; the descriptor lives as long as a completion
// may come.
struct CommitQueue::Shared {
  Shared() : event(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) {
    if (event < 0) throw std::runtime_error("cannot make an eventfd: too many open files?");
  }
  ~Shared() { ::close(event); }

  std::mutex mutex;
  std::condition_variable_any changed;
  std::size_t with_sink = 0;  // guarded
  const int event;
};

struct CommitQueue::Entry {
  Committed committed;
  std::unique_ptr<Intake> intake;                 // guarded; empty while the sink has it
  std::optional<CommitStatus> status;             // guarded; of the last hand-over
  std::optional<steady_clock::time_point> again;  // the next try
};

CommitQueue::CommitQueue(EventSink& sink, std::size_t most, BackoffOptions backoff)
    : sink_(sink), most_(most), backoff_(backoff), shared_(std::make_shared<Shared>()) {}

CommitQueue::~CommitQueue() {
  std::unique_lock lock(shared_->mutex);
  shared_->changed.wait(lock, [this] { return shared_->with_sink == 0; });
}

bool CommitQueue::full() const { return entries_.size() >= most_; }

bool CommitQueue::empty() const { return entries_.empty(); }

bool CommitQueue::turned_away() const { return !entries_.empty() && entries_.front()->again; }

bool CommitQueue::stopped() const {
  const std::lock_guard lock(shared_->mutex);
  return std::any_of(entries_.begin(), entries_.end(),
                     [](const auto& entry) { return entry->status == CommitStatus::kStopped; });
}

int CommitQueue::descriptor() const { return shared_->event; }

void CommitQueue::submit(std::unique_ptr<Intake> intake, Committed committed) {
  auto entry = std::make_shared<Entry>();
  entry->intake = std::move(intake);
  entry->committed = std::move(committed);
  entries_.push_back(entry);
  hand_over(*entry);
}

void CommitQueue::hand_over(Entry& entry) {
  const auto self = *std::find_if(entries_.begin(), entries_.end(),
                                  [&](const auto& one) { return one.get() == &entry; });
  std::unique_ptr<Intake> intake;
  {
    const std::lock_guard lock(shared_->mutex);
    ++shared_->with_sink;
    intake = std::move(self->intake);
    self->status.reset();
    self->again.reset();
  }
  sink_.accept(std::move(intake),
               [shared = shared_, self](CommitStatus status, std::unique_ptr<Intake> back) {
                 const std::lock_guard lock(shared->mutex);
                 self->intake = std::move(back);
                 self->status = status;
                 --shared->with_sink;
                 ::eventfd_write(shared->event, 1);
                 shared->changed.notify_all();
               });
}

void CommitQueue::settle() {
  eventfd_t ignored;
  ::eventfd_read(shared_->event, &ignored);
  while (!entries_.empty()) {
    const std::shared_ptr<Entry> oldest = entries_.front();
    std::optional<CommitStatus> status;
    {
      const std::lock_guard lock(shared_->mutex);
      status = oldest->status;
    }
    if (status != CommitStatus::kCommitted) break;
    backoff_.reset();
    entries_.pop_front();
    if (oldest->committed) oldest->committed(*oldest->intake);
  }
  const auto now = steady_clock::now();
  std::optional<milliseconds> wait;  // the same for all that were turned away by now
  bool waits = false;                // the younger ones wait for the oldest of them
  for (const auto& entry : entries_) {
    std::optional<CommitStatus> status;
    {
      const std::lock_guard lock(shared_->mutex);
      status = entry->status;
    }
    if (status != CommitStatus::kBusy && status != CommitStatus::kFailed) continue;
    if (!entry->again) {
      if (!wait) wait = backoff_.next(static_cast<std::uint32_t>(now.time_since_epoch().count()));
      entry->again = now + *wait;
    }
    waits = waits || *entry->again > now;
    if (!waits) hand_over(*entry);
  }
}

std::chrono::steady_clock::time_point CommitQueue::next_try() const {
  const auto oldest = std::find_if(entries_.begin(), entries_.end(),
                                   [](const auto& entry) { return entry->again.has_value(); });
  return oldest == entries_.end() ? steady_clock::time_point::max() : *(*oldest)->again;
}

void CommitQueue::wait(milliseconds timeout, std::stop_token stop) {
  const auto until = std::min(steady_clock::now() + timeout, next_try());
  std::unique_lock lock(shared_->mutex);
  shared_->changed.wait_until(lock, stop, until, [this] {
    if (!entries_.empty() && entries_.front()->status == CommitStatus::kCommitted) return true;
    return std::any_of(entries_.begin(), entries_.end(), [](const auto& entry) {
      return entry->status && entry->status != CommitStatus::kCommitted && !entry->again;
    });
  });
}

bool CommitQueue::finish(milliseconds timeout) {
  const auto end = steady_clock::now() + timeout;
  for (settle(); !empty() && !stopped() && steady_clock::now() < end; settle()) {
    wait(std::chrono::ceil<milliseconds>(end - steady_clock::now()), {});
  }
  return empty();
}

}  // namespace kcloud::core
