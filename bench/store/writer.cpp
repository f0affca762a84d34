#include "bench/store/writer.h"

#include <iterator>
#include <utility>

namespace kcloud::bench {

Writer::Writer(Store& store, std::size_t group_events, std::function<void(Tickets)> committed)
    : store_(store),
      group_events_(group_events),
      committed_(std::move(committed)),
      thread_([this](const std::stop_token& stop) { run(stop); }) {}

void Writer::submit(std::shared_ptr<Ticket> ticket) {
  bool was_empty = false;
  {
    const std::lock_guard lock(mutex_);
    was_empty = queue_.empty();
    queue_.push_back(std::move(ticket));
  }
  if (was_empty) ready_.notify_one();
}

Tickets Writer::next_group(const std::stop_token& stop) {
  std::unique_lock lock(mutex_);
  ready_.wait(lock, stop, [this] { return !queue_.empty(); });
  std::size_t events = 0;
  auto end = queue_.begin();
  while (end != queue_.end() && events < group_events_) events += (*end++)->batch.rows.size();
  Tickets group(std::make_move_iterator(queue_.begin()), std::make_move_iterator(end));
  queue_.erase(queue_.begin(), end);
  return group;
}

void Writer::run(const std::stop_token& stop) {
  std::vector<const Batch*> batches;
  while (!stop.stop_requested()) {
    Tickets group = next_group(stop);
    if (group.empty()) continue;
    batches.clear();
    for (const auto& ticket : group) batches.push_back(&ticket->batch);
    store_.commit(batches);
    committed_(std::move(group));
  }
}

}  // namespace kcloud::bench
