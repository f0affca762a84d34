#include "rollups/workloads.h"

#include <algorithm>
#include <cmath>
#include <tuple>
#include <vector>

#include "core/bytes.h"
#include "rollups/damaged.h"

namespace kcloud::rollups {
namespace {

constexpr std::uint64_t kFormat = 1;

bool is_newer(const Workloads::Newest& one, const Workloads::Newest& other) {
  if (one.known != other.known) return one.known;
  return std::tie(one.time, one.tie) > std::tie(other.time, other.tie);
}

}  // namespace

// Each workload once, by its newest; then the smallest kExact of them.
void Workloads::settle() {
  if (added_.empty()) return;
  std::sort(added_.begin(), added_.end(),
            [](const Entry& a, const Entry& b) { return a.workload < b.workload; });
  merge(added_);
  added_.clear();
}

void Workloads::merge(const std::vector<Entry>& sorted) {
  std::vector<Entry>& all = merged_;
  all.clear();
  all.reserve(newest_.size() + sorted.size());
  const auto take = [&](const Entry& entry) {
    if (all.empty() || all.back().workload != entry.workload)
      all.push_back(entry);
    else if (is_newer(entry.newest, all.back().newest))
      all.back().newest = entry.newest;
  };
  auto mine = newest_.begin();
  for (const Entry& entry : sorted) {
    if (entry.workload >= limit_) break;
    for (; mine != newest_.end() && mine->workload <= entry.workload; ++mine) take(*mine);
    take(entry);
  }
  for (; mine != newest_.end() && mine->workload < limit_; ++mine) take(*mine);
  if (all.size() > kExact) {
    limit_ = all[kExact].workload;
    all.resize(kExact);
  }
  newest_.swap(all);
}

bool Workloads::exact() {
  settle();
  return limit_ == kAll;
}

double Workloads::share() const {
  return limit_ == kAll ? 1.0 : std::ldexp(static_cast<double>(limit_), -64);
}

double Workloads::count() {
  settle();
  return std::round(static_cast<double>(newest_.size()) / share());
}

double Workloads::sum() {
  settle();
  double sum = 0;
  for (const Entry& entry : newest_)
    if (entry.newest.known) sum += entry.newest.value;
  return sum / share();
}

std::vector<std::string> Workloads::encode() {
  settle();
  std::vector<std::string> chunks;
  std::size_t at = 0;
  do {
    const std::size_t end = std::min(newest_.size(), at + kChunk);
    core::ByteWriter out;
    out.count(kFormat);
    out.fixed(limit_);
    out.count(end - at);
    for (; at < end; ++at) {
      const auto& [workload, newest] = newest_[at];
      out.fixed(workload);
      out.flag(newest.known);
      if (!newest.known) continue;
      out.integer(newest.time);
      out.fixed(newest.tie);
      out.real(newest.value);
    }
    chunks.push_back(out.take());
  } while (at < newest_.size());
  return chunks;
}

Workloads::Added Workloads::add(std::string_view chunk) {
  core::ByteReader from(chunk);
  if (from.count() != kFormat) return Added::kDamaged;
  settle();
  const std::uint64_t limit = std::min(limit_, from.fixed());
  const std::size_t size = from.size(kChunk);
  theirs_.clear();
  theirs_.reserve(size);
  bool beyond = false;  // the limit; as all behind it
  while (theirs_.size() < size && !beyond) {
    Entry entry;
    entry.workload = from.fixed();
    if (!theirs_.empty() && entry.workload <= theirs_.back().workload) return Added::kDamaged;
    entry.newest.known = from.flag();
    if (entry.newest.known) {
      entry.newest.time = from.integer();
      entry.newest.tie = from.fixed();
      entry.newest.value = from.real();
    }
    if (!from.ok()) return Added::kDamaged;
    beyond = entry.workload >= limit;
    if (!beyond) theirs_.push_back(entry);
  }
  if (!beyond && !from.at_end()) return Added::kDamaged;
  limit_ = limit;
  const bool follows = !theirs_.empty() && newest_.size() + theirs_.size() <= kExact &&
                       (newest_.empty() || theirs_.front().workload > newest_.back().workload);
  if (follows)
    newest_.insert(newest_.end(), theirs_.begin(), theirs_.end());
  else
    merge(theirs_);
  return beyond || size < kChunk ? Added::kLast : Added::kMore;
}

void ChunkReader::add(Workloads& sum, std::int64_t bucket, std::string_view chunk) {
  if (!wants(bucket)) return;
  const auto added = sum.add(chunk);
  if (added == Workloads::Added::kDamaged) damaged();
  if (added == Workloads::Added::kLast) whole_ = bucket;
}

std::uint64_t tie_of(const core::EventId& id) {
  constexpr std::size_t kTime = 6;  // bytes of the id's milliseconds
  std::uint64_t tie = 0;
  for (const char c : id.view().substr(kTime, 8)) tie = tie << 8 | static_cast<unsigned char>(c);
  return tie;
}

}  // namespace kcloud::rollups
