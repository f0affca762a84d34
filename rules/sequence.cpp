#include "rules/sequence.h"

#include <algorithm>
#include <tuple>
#include <utility>

#include "rules/bytes.h"

namespace kcloud::rules {
namespace {

constexpr std::size_t kMostEvents = 10;  // kept of an instance

bool before(const SequenceGroup::Event& a, const SequenceGroup::Event& b) {
  return std::tie(a.t, a.number) < std::tie(b.t, b.number);
}

}  // namespace

Steps::Steps(const Rule& rule) : within(rule.within.count()) {
  std::uint64_t between = 0;
  for (std::size_t i = 0; i < rule.sequence.size() && i < 64; ++i) {
    const std::uint64_t bit = std::uint64_t{1} << i;
    if (rule.sequence[i].negated) {
      between |= bit;
    } else {
      positive.push_back(bit);
      negated.push_back(std::exchange(between, 0));
    }
  }
  negated.push_back(between);
}

bool SequenceGroup::add(Event event) {
  if (waiting_.size() >= kMostWaiting) return false;
  const auto place = std::upper_bound(waiting_.begin(), waiting_.end(), event, before);
  waiting_.insert(place, std::move(event));
  return true;
}

void SequenceGroup::run(const Steps& steps, Ms tick, std::vector<Fired>& out) {
  auto next = waiting_.begin();
  for (; next != waiting_.end() && next->t <= tick; ++next) {
    end_before(steps, next->t, out);
    take(steps, *next, out);
  }
  waiting_.erase(waiting_.begin(), next);
  end_before(steps, tick + 1, out);
}

void SequenceGroup::end_before(const Steps& steps, Ms time, std::vector<Fired>& out) {
  const auto over = [&](const Instance& instance) { return instance.first + steps.within < time; };
  while (!open_.empty() && over(open_.front())) {
    Instance& instance = open_.front();
    if (instance.next == steps.positive.size())
      out.push_back(
          {instance.first + steps.within, std::move(instance.events), std::move(instance.texts)});
    open_.pop_front();
  }
}

void SequenceGroup::take(const Steps& steps, const Event& event, std::vector<Fired>& out) {
  const auto ended = std::remove_if(open_.begin(), open_.end(), [&](Instance& instance) {
    return !moves(steps, event, instance, out);
  });
  open_.erase(ended, open_.end());
  if (steps.positive.empty() || (event.steps & steps.positive.front()) == 0) return;
  if (steps.positive.size() == 1 && steps.negated.back() == 0) {
    out.push_back({event.t, {event.id}, event.texts});
    return;
  }
  if (open_.size() == kMostOpen) open_.pop_front();
  open_.push_back({event.t, 1, {event.id}, event.texts});
}

bool SequenceGroup::moves(const Steps& steps, const Event& event, Instance& instance,
                          std::vector<Fired>& out) {
  if ((event.steps & steps.negated[instance.next]) != 0) return false;
  const std::size_t last = steps.positive.size();
  if (instance.next == last || (event.steps & steps.positive[instance.next]) == 0) return true;
  if (instance.events.size() == kMostEvents) instance.events.erase(instance.events.begin());
  instance.events.push_back(event.id);
  instance.texts = event.texts;
  if (++instance.next < last || steps.negated.back() != 0) return true;
  out.push_back({event.t, std::move(instance.events), std::move(instance.texts)});
  return false;
}

Ms SequenceGroup::due(const Steps& steps) const {
  Ms due = waiting_.empty() ? kNever : waiting_.front().t;
  if (steps.negated.back() == 0) return due;
  for (const Instance& instance : open_)
    if (instance.next == steps.positive.size()) return std::min(due, instance.first + steps.within);
  return due;
}

std::size_t SequenceGroup::bytes() const {
  std::size_t total = sizeof *this + waiting_.capacity() * sizeof(Event);
  for (const Instance& instance : open_)
    total += sizeof instance + instance.events.capacity() * sizeof(core::EventId);
  return total;
}

void SequenceGroup::write(ByteWriter& out) const {
  out.count(waiting_.size());
  for (const Event& event : waiting_) {
    out.time(event.t);
    out.count(event.number);
    out.count(event.steps);
    out.id(event.id);
    write_all(out, event.texts);
  }
  out.count(open_.size());
  for (const Instance& instance : open_) {
    out.time(instance.first);
    out.count(instance.next);
    write_all(out, instance.events);
    write_all(out, instance.texts);
  }
}

bool SequenceGroup::read(const Steps& steps, ByteReader& in) {
  waiting_.resize(in.size(kMostWaiting));
  for (Event& event : waiting_) {
    event.t = in.time();
    event.number = in.count();
    event.steps = in.count();
    event.id = in.id();
    read_all(in, event.texts);
  }
  open_.resize(in.size(kMostOpen));
  for (Instance& instance : open_) {
    instance.first = in.time();
    instance.next = in.count();
    read_all(in, instance.events);
    read_all(in, instance.texts);
    if (instance.next == 0 || instance.next > steps.positive.size()) in.fail();
  }
  const auto by_first = [](const Instance& a, const Instance& b) { return a.first < b.first; };
  return in.ok() && std::is_sorted(waiting_.begin(), waiting_.end(), before) &&
         std::is_sorted(open_.begin(), open_.end(), by_first);
}

}  // namespace kcloud::rules
