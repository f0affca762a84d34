#include "agent/journal/head.h"

#include <utility>

namespace kcloud::journal {

class Head::Handle final : public Journal::Subscription {
 public:
  Handle(Head& head, Listener listener) : head_(head) {
    std::lock_guard guard(head_.listeners_mutex_);
    at_ = head_.listeners_.insert(head_.listeners_.end(), std::move(listener));
  }
  ~Handle() override {
    std::lock_guard guard(head_.listeners_mutex_);
    head_.listeners_.erase(at_);
  }

 private:
  Head& head_;
  std::list<Listener>::iterator at_;
};

void Head::publish(std::uint64_t seq) {
  {
    std::lock_guard guard(mutex_);
    seq_.store(seq, std::memory_order_release);
  }
  moved_.notify_all();
}

void Head::tell_listeners() {
  std::lock_guard guard(listeners_mutex_);
  for (const auto& listener : listeners_) listener(get());
}

std::unique_ptr<Journal::Subscription> Head::subscribe(Listener listener) {
  return std::make_unique<Handle>(*this, std::move(listener));
}

std::uint64_t Head::wait_beyond(std::uint64_t seq, std::chrono::milliseconds timeout,
                                std::stop_token stop) const {
  std::unique_lock guard(mutex_);
  moved_.wait_for(guard, stop, timeout, [&] { return get() > seq; });
  return get();
}

}  // namespace kcloud::journal
