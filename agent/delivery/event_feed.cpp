#include "agent/delivery/event_feed.h"

#include <algorithm>

namespace kcloud::delivery {
namespace {

// Of a block: small enough that loops at different places share, large enough to read at once.
constexpr std::size_t kEvents = 512;
constexpr std::size_t kBytes = std::size_t{256} << 10;

}  // namespace

std::uint64_t EventFeed::read_after(std::uint64_t after, std::size_t limit, std::size_t max_bytes,
                                    core::EventBatch& batch, const Load& load) {
  const auto take = [&](const std::shared_ptr<const Block>& block,
                        std::span<const core::Event> events) {
    batch.adopt(block);
    batch.events.insert(batch.events.end(), events.begin(), events.end());
  };
  return take_after(after, limit, max_bytes, take, load);
}

std::uint64_t EventFeed::visit_after(std::uint64_t after, std::size_t limit, std::size_t max_bytes,
                                     const Visit& visit, const Load& load) {
  const auto take = [&](const std::shared_ptr<const Block>&, std::span<const core::Event> events) {
    visit(events);
  };
  return take_after(after, limit, max_bytes, take, load);
}

std::uint64_t EventFeed::take_after(std::uint64_t after, std::size_t limit, std::size_t max_bytes,
                                    const Take& take, const Load& load) {
  std::size_t bytes = 0;
  while (limit > 0 && bytes < max_bytes) {
    const auto block = block_behind(after, load);
    if (!block) break;
    const std::span<const core::Event> events(block->events.events);
    const auto first = std::ranges::upper_bound(events, after, {}, &core::Event::seq);
    auto event = first;
    after = block->to;
    for (; event != events.end(); ++event, --limit) {
      if (limit == 0 || bytes >= max_bytes) {
        after = event == events.begin() ? block->after : std::prev(event)->seq;
        break;
      }
      bytes += event->body.size();
    }
    take(block, {first, event});
  }
  return after;
}

std::shared_ptr<const EventFeed::Block> EventFeed::block_behind(std::uint64_t after,
                                                                const Load& load) {
  std::unique_lock lock(mutex_);
  loaded_one_.wait(lock, [&] { return find(after) || !loading(after); });
  if (auto block = find(after)) return block;
  under_way_.push_back(after);
  const std::uint64_t forgotten = forgotten_;
  lock.unlock();
  const auto block = std::make_shared<Block>(Block{after, after, {}, 0});
  const auto finish = [&](bool good) {
    lock.lock();
    under_way_.erase(std::ranges::find(under_way_, after));
    if (good && block->to > after && forgotten == forgotten_) keep(block);
    events_ += block->events.events.size();
    loaded_one_.notify_all();
  };
  try {
    block->to = load(after, kEvents, kBytes, block->events);
    block->bytes = block->events.bytes() + block->events.events.size() * sizeof(core::Event);
  } catch (...) {
    finish(false);
    throw;
  }
  finish(true);
  return block->to > after ? block : nullptr;
}

// The block that has the first event behind `after`.
std::shared_ptr<const EventFeed::Block> EventFeed::find(std::uint64_t after) const {
  auto next = blocks_.upper_bound(after);
  if (next == blocks_.begin()) return nullptr;
  const auto& block = std::prev(next)->second;
  return block->to > after ? block : nullptr;
}

bool EventFeed::loading(std::uint64_t after) const {
  return std::ranges::any_of(
      under_way_, [&](std::uint64_t begin) { return begin <= after && after < begin + kEvents; });
}

void EventFeed::offer(std::shared_ptr<const Block> stored, const core::Catalogue& catalogue) {
  const auto& types = catalogue.types();
  const auto decoded = [&](const core::Event& event) {
    const bool known = std::greater_equal<>()(event.type, types.data()) &&
                       std::less<>()(event.type, types.data() + types.size());
    return known && event.fields.size() == event.type->fields.size();
  };
  if (!std::ranges::all_of(stored->events.events, decoded)) return;
  const std::scoped_lock lock(mutex_);
  keep(std::move(stored));
  loaded_one_.notify_all();
}

void EventFeed::keep(std::shared_ptr<const Block> block) {
  auto& place = blocks_[block->after];
  if (place) bytes_ -= place->bytes;
  bytes_ += block->bytes;
  place = std::move(block);
  while (bytes_ > most_bytes_) {
    bytes_ -= blocks_.begin()->second->bytes;
    blocks_.erase(blocks_.begin());
  }
}

void EventFeed::forget() {
  const std::scoped_lock lock(mutex_);
  ++forgotten_;
  blocks_.clear();
  bytes_ = 0;
}

std::uint64_t EventFeed::loaded() const {
  const std::scoped_lock lock(mutex_);
  return events_;
}

std::size_t EventFeed::bytes() const {
  const std::scoped_lock lock(mutex_);
  return bytes_;
}

}  // namespace kcloud::delivery
