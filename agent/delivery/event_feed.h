// The journal's newest events for all loops that are near each other: as the writer stored them,
// else read and decoded once.
//
// A loop far behind reads for itself: what it read is the first to be forgotten. Bounded by bytes.
// All loops of a feed decode alike, and their catalogue outlives it. Any thread.
#pragma once

#include <condition_variable>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <span>
#include <vector>

#include "agent/journal/journal.h"
#include "core/catalogue.h"
#include "core/event.h"

namespace kcloud::delivery {

class EventFeed {
 public:
  // Appends events behind `after` with their fields to a batch, as journal::Reader::read_after
  // does.
  using Load = std::function<std::uint64_t(std::uint64_t after, std::size_t limit,
                                           std::size_t max_bytes, core::EventBatch& batch)>;

  explicit EventFeed(std::size_t most_bytes = std::size_t{24} << 20) : most_bytes_(most_bytes) {}

  // As `load`, which is called for what is not here. The events share the feed's memory.
  std::uint64_t read_after(std::uint64_t after, std::size_t limit, std::size_t max_bytes,
                           core::EventBatch& batch, const Load& load);
  // Likewise, without a copy of them: in stretches, in order, valid within the call. Returns what
  // read_after() does.
  using Visit = std::function<void(std::span<const core::Event> events)>;
  std::uint64_t visit_after(std::uint64_t after, std::size_t limit, std::size_t max_bytes,
                            const Visit& visit, const Load& load);
  // Just committed. Taken if all their fields were decoded by `catalogue`; others are left to be
  // read. Does not block.
  void offer(std::shared_ptr<const journal::StoredEvents> stored, const core::Catalogue& catalogue);
  // What was read is read again: the journal was opened anew.
  void forget();

  std::uint64_t loaded() const;  // events, since the beginning
  std::size_t bytes() const;     // held now

 private:
  using Block = journal::StoredEvents;

  using Take =
      std::function<void(const std::shared_ptr<const Block>&, std::span<const core::Event>)>;
  std::uint64_t take_after(std::uint64_t after, std::size_t limit, std::size_t max_bytes,
                           const Take& take, const Load& load);
  // Empty: nothing behind `after`.
  std::shared_ptr<const Block> block_behind(std::uint64_t after, const Load& load);
  std::shared_ptr<const Block> find(std::uint64_t after) const;
  bool loading(std::uint64_t after) const;
  void keep(std::shared_ptr<const Block> block);

  const std::size_t most_bytes_;
  mutable std::mutex mutex_;
  std::condition_variable loaded_one_;
  std::map<std::uint64_t, std::shared_ptr<const Block>>
      blocks_;                            // guarded, as the rest; by `after`
  std::vector<std::uint64_t> under_way_;  // `after` of blocks that are being loaded
  std::size_t bytes_ = 0;
  std::uint64_t events_ = 0;
  std::uint64_t forgotten_ = 0;  // times: what was being loaded meanwhile is not kept
};

}  // namespace kcloud::delivery
