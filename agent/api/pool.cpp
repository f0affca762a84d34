#include "agent/api/pool.h"

namespace kcloud::api {

core::Decoder& Worker::decoder(const std::shared_ptr<const core::Catalogue>& catalogue) {
  if (!decoder_ || catalogue_ != catalogue) {
    decoder_.reset();
    catalogue_ = catalogue;
    decoder_.emplace(*catalogue_, core::DecodeOptions{});
  }
  return *decoder_;
}

QueryPool::QueryPool(const journal::Journal& journal, std::size_t threads, std::size_t max_waiting,
                     const MakeReader& make)
    : max_waiting_(max_waiting) {
  for (std::size_t i = 0; i < threads; ++i)
    workers_.push_back(std::make_unique<Worker>(journal, make));
  for (auto& worker : workers_) {
    threads_.emplace_back([this, &worker](std::stop_token stop) { run(stop, *worker); });
  }
}

QueryPool::~QueryPool() {
  for (std::jthread& thread : threads_) thread.request_stop();
  threads_.clear();
}

bool QueryPool::submit(Job job) {
  {
    std::lock_guard lock(mutex_);
    if (jobs_.size() >= max_waiting_) return false;
    jobs_.push_back(std::move(job));
  }
  arrived_.notify_one();
  return true;
}

void QueryPool::go_on(Job job) {
  {
    std::lock_guard lock(mutex_);
    jobs_.push_back(std::move(job));
  }
  arrived_.notify_one();
}

void QueryPool::run(std::stop_token stop, Worker& worker) {
  worker.stop_ = stop;
  for (;;) {
    Job job;
    {
      std::unique_lock lock(mutex_);
      if (!arrived_.wait(lock, stop, [this] { return !jobs_.empty(); })) return;
      if (stop.stop_requested()) return;
      job = std::move(jobs_.front());
      jobs_.pop_front();
    }
    job(worker);
  }
}

}  // namespace kcloud::api
