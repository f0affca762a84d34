#include "agent/backtest/report.h"

#include <gmock/gmock.h>

#include "agent/cli/rules_backtest.h"
#include "core/json.h"

namespace kcloud::backtest {
namespace {

using rules::AlertState;
using std::chrono::hours;
using std::chrono::minutes;
using testing::HasSubstr;
using testing::Not;

const core::Time kBegin = core::parse_time("2025-01-15T00:00:00Z", core::Zone())->time;
const Range kRange{kBegin - hours(24), kBegin, kBegin + hours(24), kBegin + hours(48)};

std::shared_ptr<const rules::RuleSet> three_rules() {
  auto set = std::make_shared<rules::RuleSet>();
  auto& rules = set->groups.emplace_back().rules;
  for (const char* name : {"Busy", "Quiet", "Off"}) rules.emplace_back().name = name;
  rules[2].enabled = false;
  rules::Expr window;
  window.kind = rules::Expr::Kind::kAggregate;
  window.selector.window = hours(6);
  rules::Expr prev;
  prev.kind = rules::Expr::Kind::kPrev;
  prev.operands.push_back(window);
  rules[1].expr = prev;
  return set;
}

rules::Transition fires(const char* rule, const char* cluster, core::Time at) {
  rules::Transition transition;
  transition.alert.rule = rule;
  transition.alert.by = {{"cluster", cluster}};
  transition.alert.fingerprint = std::string(rule) + cluster;
  transition.alert.state = AlertState::kFiring;
  transition.alert.starts_at = transition.at = at;
  return transition;
}

rules::Transition ends(rules::Transition transition, core::Time at) {
  transition.alert.state = AlertState::kResolved;
  transition.alert.ends_at = transition.at = at;
  return transition;
}

class BacktestReport : public testing::Test {
 protected:
  void whole(const char* rule, const char* cluster, core::Time from, core::Time to) {
    const auto begin = fires(rule, cluster, from);
    report_.take({begin});
    report_.take({ends(begin, to)});
  }

  std::vector<std::string> finished_;
  Report report_{three_rules(), kRange, [this](const rules::Alert& alert) {
                   finished_.push_back(alert.by.at("cluster"));
                 }};
};

TEST_F(BacktestReport, CountsForWhomAndHowLong) {
  whole("Busy", "a", kBegin + hours(1), kBegin + hours(2));
  whole("Busy", "b", kBegin + hours(3), kBegin + hours(3) + minutes(10));
  whole("Busy", "b", kBegin + hours(4), kBegin + hours(4) + minutes(20));
  for (const char* cluster : {"c", "d"})
    whole("Busy", cluster, kBegin + hours(5), kBegin + hours(5) + minutes(1));
  report_.finish(kBegin - hours(20), 1234);
  const std::string text = report_.as_text();
  EXPECT_THAT(text, HasSubstr("2025-01-15T00:00:00Z to 2025-01-16T00:00:00Z, 1234 events\n"));
  EXPECT_THAT(text,
              HasSubstr("Busy        5       1h32m  2025-01-15T01:00:00Z  2025-01-15T05:00:00Z\n"
                        "            2         30m  cluster=\"b\"\n"
                        "            1          1h  cluster=\"a\"\n"
                        "            1          1m  cluster=\"c\"\n"
                        "                           and 1 more\n"));
  EXPECT_THAT(text, HasSubstr("never fired: Quiet\n"));
  EXPECT_THAT(text, HasSubstr("not enabled: Off\n"));
  EXPECT_THAT(text, Not(HasSubstr("look back")));
  EXPECT_EQ(finished_.size(), 5u);
}

TEST_F(BacktestReport, WhatReachesOverTheRangeIsCutToIt) {
  const auto before = fires("Busy", "a", kBegin - hours(2));
  whole("Busy", "x", kBegin - hours(2), kBegin - hours(1));
  report_.take({before});
  report_.take({ends(before, kBegin + hours(1)), fires("Busy", "b", kBegin + hours(22))});
  report_.take({fires("Quiet", "c", kBegin + hours(25))});
  report_.finish(kBegin - hours(20), 1);
  EXPECT_THAT(report_.as_text(), HasSubstr("Busy        1          3h  2025-01-15T22:00:00Z"));
  EXPECT_THAT(report_.as_text(), HasSubstr("1 still fire\n"));
  EXPECT_THAT(report_.as_text(), HasSubstr("never fired: Quiet\n"));
  EXPECT_EQ(finished_, (std::vector<std::string>{"a", "b"}));
}

TEST_F(BacktestReport, SaysWhoseWindowsReachBeforeTheEvents) {
  report_.finish(kBegin - hours(11), 1);
  EXPECT_THAT(report_.as_text(), HasSubstr("The events begin at 2025-01-14T13:00:00Z, later than "
                                           "these look back to: Quiet (12h)\n"));
}

TEST_F(BacktestReport, IsJson) {
  whole("Busy", "a", kBegin + hours(1), kBegin + hours(2));
  report_.finish(kBegin - hours(11), 7);
  const std::string json = "{" + report_.as_json() + "}";
  EXPECT_EQ(core::json_text_at(json, "events"), "7");
  EXPECT_THAT(json, HasSubstr(R"({"rule":"Busy","enabled":true,"fired":1,"firing_seconds":3600,)"
                              R"("still_firing":0,"windows_complete":true,)"
                              R"("first":"2025-01-15T01:00:00Z","last":"2025-01-15T01:00:00Z"})"));
  EXPECT_THAT(json, HasSubstr(R"({"rule":"Quiet","enabled":true,"fired":0,"firing_seconds":0,)"
                              R"("still_firing":0,"windows_complete":false})"));
}

TEST(Backtest, ReadsTimesOfThePast) {
  EXPECT_EQ(cli::parse_past("7d", kBegin), kBegin - hours(7 * 24));
  EXPECT_EQ(cli::parse_past("-1h30m", kBegin), kBegin - minutes(90));
  EXPECT_EQ(cli::parse_past("2025-01-14T00:00:00Z", kBegin), kBegin - hours(24));
  EXPECT_EQ(cli::parse_past("yesterday", kBegin), std::nullopt);
}

TEST(Backtest, SpansHaveTwoUnits) {
  const struct {
    rules::Duration span;
    const char* want;
  } kCases[] = {{rules::Duration(999), "0s"},   {minutes(1), "1m"},
                {minutes(1501), "1d1h"},        {std::chrono::seconds(3725), "1h2m"},
                {std::chrono::hours(24), "1d"}, {std::chrono::seconds(61), "1m1s"}};
  for (const auto& c : kCases) EXPECT_EQ(span_text(c.span), c.want);
}

}  // namespace
}  // namespace kcloud::backtest
