// Who is told of something on the writer's thread.
#pragma once

#include <functional>
#include <list>
#include <memory>
#include <mutex>
#include <utility>

#include "agent/journal/journal.h"

namespace kcloud::journal {

template <class... Args>
class Listeners {
 public:
  using Listener = std::function<void(Args...)>;

  // The handle's end waits for a running call.
  std::unique_ptr<Journal::Subscription> add(Listener listener) {
    return std::make_unique<Handle>(*this, std::move(listener));
  }
  void tell(const Args&... args) {
    std::lock_guard guard(mutex_);
    for (const auto& listener : listeners_) listener(args...);
  }
  bool empty() const {
    std::lock_guard guard(mutex_);
    return listeners_.empty();
  }

 private:
  class Handle final : public Journal::Subscription {
   public:
    Handle(Listeners& all, Listener listener) : all_(all) {
      std::lock_guard guard(all_.mutex_);
      at_ = all_.listeners_.insert(all_.listeners_.end(), std::move(listener));
    }
    ~Handle() override {
      std::lock_guard guard(all_.mutex_);
      all_.listeners_.erase(at_);
    }

   private:
    Listeners& all_;
    typename std::list<Listener>::iterator at_;
  };

  mutable std::mutex mutex_;  // held while listeners run
  std::list<Listener> listeners_;
};

}  // namespace kcloud::journal
