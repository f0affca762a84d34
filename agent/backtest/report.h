// What a back-test found: how often each rule fired, for how long and for whom. Pure but for the
// function that takes finished alerts.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "agent/backtest/range.h"
#include "rules/alert.h"
#include "rules/rule.h"

namespace kcloud::backtest {

class Report {
 public:
  using Finished = std::function<void(const rules::Alert&)>;
  // `finished` gets each alert that fired in the range when it has ended, or at finish().
  Report(std::shared_ptr<const rules::RuleSet> rules, Range range, Finished finished);

  void take(const std::vector<rules::Transition>& transitions);
  // `first`: of the events; nullopt: there were none. `until`: where it was given up; nullopt: it
  // was not. `late`: events that came when their windows had been evaluated.
  void finish(std::optional<core::Time> first, std::uint64_t events,
              std::optional<core::Time> until = std::nullopt, std::uint64_t late = 0);

  std::string as_text() const;
  // `"rules":[…],"events":…,…`: the members that follow the list of alerts.
  std::string as_json() const;

 private:
  struct Tally {
    std::uint64_t fired = 0;
    rules::Duration firing{0};
    core::Time first, last;

    void add(const rules::Alert& alert, const Range& range);
  };
  struct RuleTally {
    const rules::Rule* rule = nullptr;  // nullptr: RuleOverflow
    std::string name;
    Tally all;
    std::map<std::string, Tally> groups;  // by text of the `by` values; the first ones alone
    std::uint64_t going_on = 0;
    bool short_of_past = false;
  };

  void end(const rules::Alert& alert);
  RuleTally& tally_of(const std::string& rule);
  std::vector<std::pair<std::string, Tally>> top(const RuleTally& tally) const;

  const std::shared_ptr<const rules::RuleSet> rules_;
  Range range_;
  const Finished finished_;
  std::vector<RuleTally> tallies_;
  std::map<std::string, rules::Alert> firing_;  // by fingerprint
  std::optional<core::Time> first_;
  std::uint64_t events_ = 0;
  std::uint64_t late_ = 0;
  bool whole_ = true;
};

// `1d2h`, `3m20s`, `0s`: the two largest units.
std::string span_text(rules::Duration duration);

void append_alert_json(std::string& out, const rules::Alert& alert);

}  // namespace kcloud::backtest
