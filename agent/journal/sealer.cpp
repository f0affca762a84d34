#include "agent/journal/sealer.h"

#include <algorithm>

#include "agent/journal/query.h"
#include "agent/journal/rows.h"
#include "agent/journal/schema.h"
#include "agent/journal/seals.h"

namespace kcloud::journal {
namespace {

using std::chrono::milliseconds;

constexpr std::size_t kSlice = 2000;  // events read again at a time, after a start
// Of bodies in a batch: who reads one has all of it in memory.
constexpr std::size_t kMostBytes = std::size_t{8} << 20;

std::int32_t day_of(core::Time time) {
  return static_cast<std::int32_t>(
      std::chrono::floor<std::chrono::days>(time).time_since_epoch().count());
}

}  // namespace

Sealer::Sealer(const SealOptions& options, Database& db, std::uint64_t head, core::Time now)
    : options_(options) {
  chain_of(db);
  part_ = lineage(db).back();
  last_ = last_seal(db, part_.chain);
  covered_ = sealed_to();
  behind_ = head > covered_;
  next_heartbeat_ = (last_ ? last_->sealed : now) + options_.heartbeat;
}

void Sealer::add(const core::Event& event) {
  if (!behind_ && options_.enabled) add_leaf(event);
}

void Sealer::add_leaf(const core::Event& event) {
  leaves_.push_back(core::leaf_hash(hasher_, event));
  covered_ = event.seq;
  bytes_ += event.body.size();
}

bool Sealer::full() const {
  return leaves_.size() >= options_.batch_events || bytes_ >= kMostBytes;
}

bool Sealer::due(core::Time now) const {
  if (!options_.enabled) return false;
  if (behind_ || full()) return true;
  if (open_since_ && now - *open_since_ >= options_.batch_wait) return true;
  return leaves_.empty() && now >= next_heartbeat_;
}

milliseconds Sealer::until_due(core::Time now) const {
  if (!options_.enabled) return milliseconds::max();
  if (due(now)) return milliseconds(0);
  const core::Time at = open_since_ ? *open_since_ + options_.batch_wait : next_heartbeat_;
  return std::chrono::ceil<milliseconds>(at - now);
}

void Sealer::seal(Database& db, std::uint64_t head, core::Time now) {
  if (!open_since_ && !leaves_.empty()) open_since_ = now;
  if (!due(now)) return;
  if (behind_) read_slice(db, head);
  // What is still behind fills whole batches first.
  if (behind_ && !full()) return;
  close(db, now);
}

void Sealer::read_slice(Database& db, std::uint64_t head) {
  core::EventBatch batch;
  Statement select(db, select_events(db, "WHERE seq>?1 AND seq<=?2 ORDER BY seq LIMIT ?3"));
  select.bind(1, covered_).bind(2, head).bind(3, static_cast<std::int64_t>(kSlice));
  std::size_t rows = 0;
  while (select.step()) {
    ++rows;
    append_row(select, batch);
    core::Event& event = batch.events.back();
    event.body_hash = hasher_.hash(event.body);
    add_leaf(event);
    batch.clear();
  }
  if (rows < kSlice) behind_ = false;
}

void Sealer::close(Database& db, core::Time now) {
  core::Seal seal;
  seal.chain = part_.chain;
  seal.seq = last_ ? last_->seq + 1 : 1;
  seal.day = day_of(now);
  seal.events = leaves_.size();
  seal.total_events = (last_ ? last_->total_events : 0) + seal.events;
  seal.journal_end = covered_;
  seal.root = core::merkle_root(hasher_, leaves_);
  if (last_)
    seal.prev = last_->hash;
  else if (part_.follows)
    seal.prev = part_.follows->hash;
  seal.hash = core::seal_hash(hasher_, seal);
  seal.sealed = now;
  add_seal(db, seal);
  last_ = seal;
  leaves_.clear();
  bytes_ = 0;
  open_since_.reset();
  next_heartbeat_ = now + options_.heartbeat;
}

}  // namespace kcloud::journal
