#include <algorithm>

#include "tests/rules/brute_force.h"

namespace kcloud::rules::brute {
namespace {

constexpr std::size_t kMostOpen = 100;

struct Instance {
  Ms first = 0;
  std::size_t done = 0;  // index of the positive step it is at
};

// The next positive step behind `done`; steps.size() when there is none.
std::size_t next_positive(const Rule& rule, std::size_t done) {
  std::size_t next = done + 1;
  while (next < rule.sequence.size() && rule.sequence[next].negated) ++next;
  return next;
}

enum class Move : std::uint8_t { kStay, kEnd, kFire };

Move move(const Rule& rule, Instance& instance, const core::Event& event) {
  const std::size_t next = next_positive(rule, instance.done);
  for (std::size_t i = instance.done + 1; i < next; ++i)
    if (matches(rule.sequence[i].selector, event)) return Move::kEnd;
  if (next == rule.sequence.size() || !matches(rule.sequence[next].selector, event))
    return Move::kStay;
  instance.done = next;
  return next + 1 == rule.sequence.size() ? Move::kFire : Move::kStay;
}

// Whether only negated steps are left.
bool waits_for_nothing(const Rule& rule, const Instance& instance) {
  return next_positive(rule, instance.done) == rule.sequence.size();
}

}  // namespace

std::vector<Ms> sequence_firings(const Rule& rule, std::vector<Hit> hits, Ms now) {
  std::erase_if(hits, [&](const Hit& hit) { return hit.t > now; });
  std::sort(hits.begin(), hits.end(), [](const Hit& a, const Hit& b) {
    return std::pair(a.t, a.order) < std::pair(b.t, b.order);
  });
  const Ms within = rule.within.count();
  std::vector<Instance> open;
  std::vector<Ms> fired;
  // Those whose time is over before `t`: fire when they only waited for nothing to come.
  const auto expire = [&](Ms t) {
    std::erase_if(open, [&](const Instance& instance) {
      if (instance.first + within >= t) return false;
      if (waits_for_nothing(rule, instance)) fired.push_back(instance.first + within);
      return true;
    });
  };
  for (const Hit& hit : hits) {
    expire(hit.t);
    std::erase_if(open, [&](Instance& instance) {
      const Move moved = move(rule, instance, *hit.event);
      if (moved == Move::kFire) fired.push_back(hit.t);
      return moved != Move::kStay;
    });
    if (!matches(rule.sequence.front().selector, *hit.event)) continue;
    if (open.size() == kMostOpen) open.erase(open.begin());
    open.push_back({hit.t, 0});
  }
  expire(now + 1);
  return fired;
}

}  // namespace kcloud::rules::brute
