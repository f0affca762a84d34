#include "agent/delivery/side_queue.h"

#include <utility>

namespace kcloud::delivery {

namespace {
constexpr std::size_t kMaxJobs = 4;
}

bool SideQueue::push(SideJob& job) {
  const std::scoped_lock lock(mutex_);
  if (closed_ || jobs_.size() >= kMaxJobs) return false;
  jobs_.push_back(std::move(job));
  arrival_.request_stop();
  return true;
}

std::optional<SideJob> SideQueue::take() {
  const std::scoped_lock lock(mutex_);
  if (jobs_.empty()) return std::nullopt;
  SideJob job = std::move(jobs_.front());
  jobs_.pop_front();
  return job;
}

std::stop_token SideQueue::arrival() {
  const std::scoped_lock lock(mutex_);
  if (jobs_.empty() && !awake_ && arrival_.stop_requested()) arrival_ = std::stop_source();
  return arrival_.get_token();
}

void SideQueue::wake() {
  const std::scoped_lock lock(mutex_);
  awake_ = true;
  arrival_.request_stop();
}

void SideQueue::close() {
  std::deque<SideJob> left;
  {
    const std::scoped_lock lock(mutex_);
    closed_ = true;
    arrival_.request_stop();
    left.swap(jobs_);
  }
  for (const auto& job : left) job.done({false, "the exporter stops", {}});
}

}  // namespace kcloud::delivery
