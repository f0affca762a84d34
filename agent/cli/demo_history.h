// The demo fleet's past: events between two instants with the shape that days and weeks have in
// Seoul, one policy change a week whose effect is seen afterwards, and now and then an hour of slow
// scheduling, a forgotten cluster, a wave of relocations, a failure.
//
// Pure: the same options give the same events; a later `until` only adds to them. One thread.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "agent/cli/demo_fleet.h"

namespace kcloud::cli {

struct HistoryOptions {
  std::uint64_t seed = 1;
  core::Time since, until;
  double per_day = 20'000;  // events, the mean of a week
};

// Midnight in Seoul at or before `until` less `days`: all runs of one day begin alike.
core::Time history_start(core::Time until, std::uint32_t days);

class History {
 public:
  explicit History(const HistoryOptions& options);

  // The next event's JSON, in the order of time; nullopt when `until` is reached.
  std::optional<std::string> next();
  // The share of the time that is told, 0–1.
  double progress() const;

 private:
  struct Step {
    core::Time at;
    Incident incident = Incident::kNone;  // kNone ends the one before, or changes a policy
    std::string_view cluster;
    const PolicySpec* policy = nullptr;
    std::size_t policy_index = 0;
    double amount = 0;
    bool back = false;
  };

  void plan_week(core::Time start);
  void plan_incident(core::Time at, std::chrono::minutes length, Incident incident,
                     std::span<const ClusterSpec> clusters);
  void plan_policy(core::Time at, bool roll_back);
  std::string perform(const Step& step);
  std::chrono::nanoseconds interval();

  HistoryOptions options_;
  Fleet fleet_;
  Random random_;           // of the arrivals
  Random planner_;          // apart, so that a longer plan changes no arrival
  std::vector<Step> plan_;  // by time
  std::size_t next_step_ = 0;
  core::Time time_;
  double mean_load_;
  double surge_ = 1;  // events come this many times as often
};

}  // namespace kcloud::cli
