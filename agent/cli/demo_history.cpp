#include "agent/cli/demo_history.h"

#include <algorithm>
#include <array>
#include <cmath>

namespace kcloud::cli {
namespace {

using std::chrono::days;
using std::chrono::hours;
using std::chrono::minutes;

constexpr Mix kMix{480, 130, 15, 8, 0};
constexpr Mix kWaveMix{200, 600, 10, 5, 0};
constexpr double kWaveSurge = 2;
constexpr double kPolicySteps = 3;

unsigned weekday_of(core::Time midnight) {  // Monday is 1
  const auto day = std::chrono::floor<days>(midnight + kSeoul);
  return std::chrono::weekday(std::chrono::sys_days(day)).iso_encoding();
}

// Weeks from Monday to Sunday; 1970-01-01 was a Thursday.
std::int64_t week_of(core::Time time) {
  return (std::chrono::floor<days>(time + kSeoul).time_since_epoch().count() + 3) / 7;
}

double mean_load() {
  double sum = 0;
  for (int hour = 0; hour < 7 * 24; ++hour) sum += load_factor(core::Time(hours(hour)));
  return sum / (7 * 24);
}

// No two days are alike: 0.9–1.1.
double day_factor(std::uint64_t seed, core::Time time) {
  const auto day = std::chrono::floor<days>(time + kSeoul).time_since_epoch().count();
  return 0.9 + 0.2 * Random(seed * 1'000'003 + static_cast<std::uint64_t>(day)).unit();
}

// Some time from `from` to `to` o'clock.
core::Time between(core::Time midnight, int from, int to, Random& random) {
  return midnight + minutes(random.between(from * 60, to * 60));
}

}  // namespace

core::Time history_start(core::Time until, std::uint32_t count) {
  return std::chrono::floor<days>(until - days(count) + kSeoul) - kSeoul;
}

History::History(const HistoryOptions& options)
    : options_(options),
      fleet_(options.seed),
      random_(~options.seed),
      planner_(options.seed ^ 0x706c616e),
      time_(options.since),
      mean_load_(mean_load()) {
  for (core::Time week = options.since; week < options.until; week += days(7)) plan_week(week);
  std::stable_sort(plan_.begin(), plan_.end(),
                   [](const Step& a, const Step& b) { return a.at < b.at; });
  std::erase_if(plan_, [&](const Step& step) { return step.at >= options.until; });
}

// Every seven days have one of each, on days of their own, so that no incident meets another.
void History::plan_week(core::Time start) {
  std::vector<core::Time> working;
  for (int day = 0; day < 7; ++day) {
    const core::Time midnight = start + days(day);
    if (weekday_of(midnight) <= 5) working.push_back(midnight);
    if (weekday_of(midnight) == 2) plan_policy(between(midnight, 10, 11, planner_), false);
    if (weekday_of(midnight) == 4 && planner_.chance(0.3)) {
      plan_policy(between(midnight, 16, 17, planner_), true);
    }
  }
  for (std::size_t i = working.size(); i > 1; --i) {
    std::swap(working[i - 1], working[planner_.next() % i]);
  }
  const auto all = cluster_specs();
  const auto accelerated = all.first(static_cast<std::size_t>(
      std::count_if(all.begin(), all.end(), [](const auto& c) { return c.unit != Unit::kCpu; })));
  plan_incident(between(working[0], 9, 17, planner_), hours(1), Incident::kLatency, all);
  plan_incident(between(working[1], 10, 17, planner_), minutes(planner_.between(25, 50)),
                Incident::kDrain, accelerated);
  plan_incident(working[2] + hours(23), hours(7), Incident::kIdle, accelerated);
  const minutes outage(planner_.between(15, 40));
  const Incident kind = planner_.chance(0.5) ? Incident::kDown : Incident::kFailures;
  plan_incident(between(working[3], 9, 20, planner_), outage, kind, all);
}

void History::plan_incident(core::Time at, minutes length, Incident incident,
                            std::span<const ClusterSpec> clusters) {
  Step begin;
  begin.at = at;
  begin.incident = incident;
  begin.cluster = planner_.pick(clusters).name;
  Step end;
  end.at = at + length;
  plan_.push_back(begin);
  plan_.push_back(end);
}

// Four weeks in turn: less power, a lower cost ceiling, more power, a higher ceiling.
void History::plan_policy(core::Time at, bool roll_back) {
  const std::int64_t week = week_of(at);
  Step step;
  step.at = at;
  step.policy_index = week % 2 == 0 ? kGpuPowerCap : kBatchCostCeiling;
  step.policy = &policy_specs()[step.policy_index];
  step.amount = (week % 4 < 2 ? -kPolicySteps : kPolicySteps) * step.policy->step;
  step.back = roll_back;
  plan_.push_back(step);
}

std::string History::perform(const Step& step) {
  if (step.policy != nullptr) {
    return fleet_.change_policy(step.at, step.policy_index, step.amount, step.back);
  }
  surge_ = step.incident == Incident::kDrain ? kWaveSurge : 1;
  return step.incident == Incident::kNone ? fleet_.end(step.at)
                                          : fleet_.begin(step.at, step.incident, step.cluster);
}

// Arrivals are independent of each other (a Poisson process), at the rate of the hour.
std::chrono::nanoseconds History::interval() {
  const double a_day = options_.per_day * surge_ * load_factor(time_) / mean_load_ *
                       day_factor(options_.seed, time_);
  const std::chrono::duration<double, days::period> pause(-std::log1p(-random_.unit()) / a_day);
  return std::chrono::duration_cast<std::chrono::nanoseconds>(pause);
}

std::optional<std::string> History::next() {
  while (next_step_ < plan_.size() && plan_[next_step_].at <= time_) {
    if (std::string body = perform(plan_[next_step_++]); !body.empty()) return body;
  }
  if (time_ >= options_.until) return std::nullopt;
  const core::Time now = time_;
  time_ = std::min(options_.until, time_ + interval());
  return fleet_.next(now, surge_ > 1 ? kWaveMix : kMix);
}

double History::progress() const {
  const std::chrono::duration<double> told = time_ - options_.since;
  const std::chrono::duration<double> all = options_.until - options_.since;
  return all.count() > 0 ? told.count() / all.count() : 1;
}

}  // namespace kcloud::cli
