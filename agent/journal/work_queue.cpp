#include "agent/journal/work_queue.h"

#include <iterator>
#include <utility>

namespace kcloud::journal {

void Message::finish(core::CommitStatus status) {
  if (done) done(status, std::move(intake));
  if (work_done) work_done(status);
}

void WorkQueue::submit(Message message) {
  auto refusal = core::CommitStatus::kBusy;
  {
    std::lock_guard guard(mutex_);
    const bool over = !waiting_.empty() && bytes_ + message.bytes > limits_.bytes;
    if (closed_) {
      refusal = core::CommitStatus::kStopped;
    } else if (!storing_) {
      refusal = core::CommitStatus::kFailed;
    } else if (message.intake != nullptr && !message.always && (full_ || over)) {
      busy_ += 1;
    } else {
      bytes_ += message.bytes;
      waiting_.push_back(std::move(message));
      if (std::exchange(writer_waits_, false)) arrived_.notify_one();
      return;
    }
  }
  message.finish(refusal);
}

std::vector<Message> WorkQueue::take_group(std::chrono::milliseconds idle, bool& last) {
  std::vector<Message> group;
  std::unique_lock guard(mutex_);
  if (waiting_.empty() && !closed_) {
    writer_waits_ = true;
    arrived_.wait_for(guard, idle, [&] { return !waiting_.empty() || closed_; });
    writer_waits_ = false;
  }
  if (limits_.group_wait.count() > 0 && !waiting_.empty() && !closed_) {
    arrived_.wait_for(guard, limits_.group_wait, [&] { return closed_; });
  }
  std::size_t events = 0;
  std::size_t taken = 0;
  for (; taken < waiting_.size(); ++taken) {
    const auto& message = waiting_[taken];
    events += message.intake ? message.intake->batch.events.size() : 1;
    if (taken > 0 && events > limits_.group_events) break;
    bytes_ -= message.bytes;
  }
  if (taken == waiting_.size()) {
    group.swap(waiting_);
  } else {
    const auto end = waiting_.begin() + static_cast<std::ptrdiff_t>(taken);
    group.assign(std::make_move_iterator(waiting_.begin()), std::make_move_iterator(end));
    waiting_.erase(waiting_.begin(), end);
  }
  last = closed_ && waiting_.empty();
  return group;
}

void WorkQueue::set_storing(bool storing) {
  std::lock_guard guard(mutex_);
  storing_ = storing;
}

void WorkQueue::set_full(bool full) {
  std::lock_guard guard(mutex_);
  full_ = full;
}

void WorkQueue::close() {
  std::lock_guard guard(mutex_);
  closed_ = true;
  arrived_.notify_all();
}

std::uint64_t WorkQueue::bytes() const {
  std::lock_guard guard(mutex_);
  return bytes_;
}

std::uint64_t WorkQueue::busy() const {
  std::lock_guard guard(mutex_);
  return busy_;
}

}  // namespace kcloud::journal
