// Group commit: batches that arrive while a commit runs go together into the next one.
//
// `submit` never blocks; any thread. `committed` runs on the writer's thread after each commit with
// the tickets that are now on disk.
#pragma once

#include <condition_variable>
#include <cstddef>
#include <functional>
#include <memory>
#include <mutex>
#include <thread>
#include <vector>

#include "bench/store/store.h"

namespace kcloud::bench {

// One submission. The owner of a ticket derives from it to find its own again.
struct Ticket {
  virtual ~Ticket() = default;
  Batch batch;
};
using Tickets = std::vector<std::shared_ptr<Ticket>>;

class Writer {
 public:
  Writer(Store& store, std::size_t group_events, std::function<void(Tickets)> committed);
  void submit(std::shared_ptr<Ticket> ticket);

 private:
  void run(const std::stop_token& stop);
  Tickets next_group(const std::stop_token& stop);

  Store& store_;
  std::size_t group_events_;
  std::function<void(Tickets)> committed_;
  std::mutex mutex_;
  std::condition_variable_any ready_;
  Tickets queue_;  // guarded by mutex_
  std::jthread thread_;
};

}  // namespace kcloud::bench
