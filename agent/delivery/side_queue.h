// Deliveries beside the cursor that wait for the loop's thread. Bounded.
//
// Any thread pushes; the loop takes, and waits with a token that a push ends.
#pragma once

#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <stop_token>
#include <string>

#include "agent/delivery/delivery.h"

namespace kcloud::delivery {

struct SideJob {
  std::shared_ptr<core::EventBatch> batch;
  std::function<void(const SideResult&)> done;
};

class SideQueue {
 public:
  // False: it is full or closed.
  bool push(SideJob& job);
  std::optional<SideJob> take();
  // Requested as soon as something waits.
  std::stop_token arrival();
  void wake();   // from now on as if something had come
  void close();  // what waits is answered with nothing certain

 private:
  std::mutex mutex_;
  std::deque<SideJob> jobs_;  // guarded, as the rest
  std::stop_source arrival_;
  bool closed_ = false;
  bool awake_ = false;
};

}  // namespace kcloud::delivery
