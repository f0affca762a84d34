#include "agent/report/summary.h"

#include <algorithm>
#include <utility>

namespace kcloud::report {
namespace {

constexpr std::chrono::hours kByTheHour{72};
constexpr std::size_t kMostParts = 62;

}  // namespace

void Counts::add(std::string_view name, std::uint64_t by) {
  auto found = counts_.find(name);
  if (found == counts_.end())
    found = counts_.emplace(counts_.size() < kMost ? std::string(name) : "(other)", 0).first;
  found->second += by;
}

std::vector<std::pair<std::string, std::uint64_t>> Counts::most_first() const {
  std::vector<std::pair<std::string, std::uint64_t>> out(counts_.begin(), counts_.end());
  std::ranges::stable_sort(out, [](const auto& a, const auto& b) { return a.second > b.second; });
  return out;
}

Histogram::Histogram(core::Time since, core::Time until, const core::Zone& zone)
    : hours_(until - since <= kByTheHour) {
  if (hours_) {
    const auto offset = zone.offset_at(since);
    auto at = core::Time(std::chrono::floor<std::chrono::hours>(since + offset)) - offset;
    for (; at < until; at += std::chrono::hours(1)) begins_.push_back(at);
  } else {
    std::vector<core::Time> days;
    for (auto at = zone.day_of(since).first; at < until; at = zone.day_of(at).second)
      days.push_back(at);
    const std::size_t step = (days.size() + kMostParts - 1) / kMostParts;
    days_ = static_cast<int>(step);
    for (std::size_t i = 0; i < days.size(); i += step) begins_.push_back(days[i]);
  }
  counts_.resize(begins_.size());
}

void Histogram::add(core::Time time) {
  const auto behind = std::ranges::upper_bound(begins_, time);
  if (behind == begins_.begin()) return;
  ++counts_[static_cast<std::size_t>(behind - begins_.begin()) - 1];
}

Gaps::Gaps(core::Time since, core::Time until, std::chrono::milliseconds heartbeat)
    : since_(since),
      until_(until),
      allowed_(heartbeat + std::max(heartbeat / 2, std::chrono::milliseconds(1000))) {}

void Gaps::begin(const core::ChainId& chain, std::string agent) {
  last_.reset();
  chain_ = chain;
  agent_ = std::move(agent);
}

void Gaps::add(core::Time sealed) {
  if (last_ && sealed - *last_ > allowed_) {
    const Gap gap{std::max(*last_, since_), std::min(sealed, until_), chain_, agent_};
    if (gap.from < gap.to) {
      ++count_;
      total_ += gap.to - gap.from;
      if (list_.size() < kMost) list_.push_back(gap);
    }
  }
  last_ = last_ ? std::max(*last_, sealed) : sealed;
}

void Gaps::finish(core::Time now) {
  if (last_) add(now);
}

std::string_view Integrity::verdict() const {
  if (forged != 0 || !std::ranges::all_of(chains, &core::ChainReport::ok)) return "damaged";
  return std::ranges::any_of(chains, [](const auto& one) { return one.last.has_value(); }) ? "ok"
                                                                                           : "none";
}

}  // namespace kcloud::report
