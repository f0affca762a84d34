#include "rules/load.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "rules/defaults.h"
#include "rules/pattern.h"
#include "rules_files.h"

namespace kcloud::rules {
namespace {

using std::chrono::hours;
using std::chrono::minutes;
using std::chrono::seconds;
using testing::ElementsAre;
using testing::Pair;

// The worked rules of the language's description, word by word.
constexpr const char* kWorked = R"(version: 1
lists: {serious: ["high", "critical"]}
filters: {gpu: 'cluster startswith "gpu-"'}
groups:
  - name: scheduling
    interval: 10s
    max_delay: 30s
    limit: 1000
    labels: {team: scheduler}
    rules:
      - alert: SlowScheduling
        expr: |
          quantile(0.99, scheduling_decision.execution_time_ms[5m]) > 500
            and count(scheduling_decision[5m]) >= 50
        by: [scheduler]
        for: 2m
        keep_firing_for: 5m
        labels: {severity: critical}
        annotations: {summary: "p99 scheduling {{ $value | humanize }} ms by {{ $labels.scheduler }}"}
      - alert: FewAlternatives
        expr: >-
          count(scheduling_decision{alternatives = 0}[15m]) / count(scheduling_decision[15m]) > 30%
          and count(scheduling_decision[15m]) >= 20
        by: [scheduler]
      - slo: SchedulingLatency
        objective: 99%
        period: 30d
        total: scheduling_decision
        bad: scheduling_decision{execution_time_ms > 500}
        min_events: 100
      - alert: PowerSpike
        expr: >-
          sum(scheduling_decision.power_watts[15m]) > 1.5 * baseline(sum(scheduling_decision.power_watts[15m]), 24h)
          and sum(scheduling_decision.power_watts[15m]) > 5000
        by: [cluster]
      - alert: WastedCost
        expr: sum(inefficiency_detected.wasted_cost{severity in @serious}[1h]) > 100
        by: [cluster]
      - alert: RelocationFlapping
        expr: count(workload_relocation[30m]) > 3
        by: [workload]
      - alert: RelocationsNotWorthIt
        expr: >-
          sum(workload_relocation.cost_saving_per_hour[6h]) < 0.5 * sum(workload_relocation.cost_saving_per_hour[6h] offset 1d)
          and max(workload_relocation.downtime_seconds[6h]) > 60
        by: [to_cluster]
      - alert: RelocationFanOut
        expr: distinct(workload_relocation.to_cluster[10m]) > 20
        by: [trigger]
      - alert: ClusterCreateStuck
        sequence:
          - cluster_reconfiguration{action = "cluster_creating"}
          - not: cluster_reconfiguration{action in ("cluster_created", "cluster_deleted")}
        within: 15m
        by: [cluster]
      - alert: SchedulerSilent
        enabled: false
        expr: absent(scheduling_decision[10m])
        by: [scheduler]
        expect: [{scheduler: kcloud-meta-scheduler}]
      - alert: PolicyChangedByNewActor
        expr: new(policy_change.actor[30d])
        by: [actor]
      - alert: CriticalInefficiency
        expr: inefficiency_detected{severity = "critical", wasted_cost > 10}
        by: [cluster]
        keep_firing_for: 15m
      - alert: UsesTheFilter
        expr: count(scheduling_decision{@gpu}[5m]) > 0
)";

const Rule& rule(const Loaded& loaded, std::string_view name) {
  for (const auto& group : loaded.rules->groups)
    for (const auto& candidate : group.rules)
      if (candidate.name == name) return candidate;
  throw std::runtime_error("no rule " + std::string(name));
}

Loaded loaded_well(const std::string& text) {
  Loaded loaded = load_text(text);
  EXPECT_EQ(all(loaded.problems), "") << text;
  return loaded;
}

Expr expr_of(const std::string& text) {
  std::string lines = "expr: |-\n  ";
  for (const char c : text) lines += c == '\n' ? "\n  " : std::string(1, c);
  return rule(loaded_well(one_rule(lines)), "A").expr.value();
}

TEST(Load, WorkedRulesHaveNoProblem) {
  const Loaded loaded = loaded_well(kWorked);
  ASSERT_EQ(loaded.rules->groups.size(), 1u);
  const Group& group = loaded.rules->groups[0];
  EXPECT_EQ(group.rules.size(), 14u);
  EXPECT_EQ(group.name, "scheduling");
  EXPECT_EQ(group.file, "r.yaml");
  EXPECT_EQ(group.interval, seconds(10));
  EXPECT_EQ(group.max_delay, seconds(30));
  EXPECT_EQ(group.limit, 1000u);
}

TEST(Load, DefaultRulesHaveNoProblemAndSayWhatToDo) {
  const Loaded loaded = load(default_files(), built_in_catalogue());
  EXPECT_EQ(all(loaded.problems), "");
  ASSERT_EQ(loaded.rules->groups.size(), 5u);
  // All that the language's description shows are shipped.
  const Loaded worked = load_text(kWorked);
  for (const auto& shown : worked.rules->groups[0].rules) {
    if (shown.name == "UsesTheFilter") continue;
    EXPECT_EQ(rule(loaded, shown.name).name, shown.name);
  }
  for (const auto& group : loaded.rules->groups) {
    for (const auto& shipped : group.rules) {
      SCOPED_TRACE(shipped.name);
      ASSERT_EQ(shipped.annotations.size(), 2u);
      EXPECT_EQ(shipped.annotations[0].first, "summary");
      EXPECT_EQ(shipped.annotations[1].first, "runbook");
      EXPECT_EQ(shipped.annotations[1].second.source.find('\n'), std::string::npos);
      EXPECT_EQ(shipped.labels.front().first, shipped.slo.empty() ? "team" : "slo");
    }
  }
}

TEST(Load, ReadsWhatARuleSays) {
  const Loaded loaded = loaded_well(kWorked);
  const Rule& slow = rule(loaded, "SlowScheduling");
  EXPECT_EQ(slow.hold, minutes(2));
  EXPECT_EQ(slow.keep_firing, minutes(5));
  EXPECT_THAT(slow.by, ElementsAre("scheduler"));
  EXPECT_EQ(slow.place.line, 11);
  EXPECT_EQ(slow.place.column, 9);
  ASSERT_EQ(slow.labels.size(), 2u);
  EXPECT_EQ(slow.labels[0].first, "team");
  EXPECT_EQ(slow.labels[1].second.source, "critical");
  const Expr& whole = *slow.expr;
  EXPECT_EQ(whole.kind, Expr::Kind::kAnd);
  EXPECT_EQ(whole.text,
            "quantile(0.99, scheduling_decision.execution_time_ms[5m]) > 500 and "
            "count(scheduling_decision[5m]) >= 50");
  const Expr& quantile = whole.operands[0].operands[0];
  EXPECT_EQ(quantile.aggregate, Aggregate::kQuantile);
  EXPECT_EQ(quantile.quantile, 0.99);
  EXPECT_EQ(quantile.selector.window, minutes(5));
  EXPECT_EQ(quantile.selector.type->name, "scheduling_decision");
  EXPECT_EQ(quantile.selector.field->name, "execution_time_ms");
  ASSERT_EQ(quantile.selector.by.size(), 1u);
  EXPECT_EQ(quantile.selector.by[0].name, "scheduler");
  EXPECT_EQ(quantile.selector.place.line, 13);
  EXPECT_EQ(quantile.selector.place.column, 26);
  EXPECT_EQ(rule(loaded, "FewAlternatives").expr->operands[0].operands[1].number, 0.3);
  EXPECT_FALSE(rule(loaded, "SchedulerSilent").enabled);
  EXPECT_THAT(rule(loaded, "SchedulerSilent").expect,
              ElementsAre(ElementsAre(Pair("scheduler", "kcloud-meta-scheduler"))));
  EXPECT_TRUE(rule(loaded, "CriticalInefficiency").is_event_rule());
  EXPECT_EQ(rule(loaded, "RelocationFanOut").text,
            "alert: RelocationFanOut\n"
            "expr: distinct(workload_relocation.to_cluster[10m]) > 20\n"
            "by: [trigger]");
}

TEST(Load, SequencesKeepTheirSteps) {
  const Loaded loaded = loaded_well(kWorked);
  const Rule& stuck = rule(loaded, "ClusterCreateStuck");
  EXPECT_FALSE(stuck.expr);
  EXPECT_EQ(stuck.within, minutes(15));
  ASSERT_EQ(stuck.sequence.size(), 2u);
  EXPECT_FALSE(stuck.sequence[0].negated);
  EXPECT_TRUE(stuck.sequence[1].negated);
  EXPECT_EQ(stuck.sequence[1].selector.text,
            "cluster_reconfiguration{action in (\"cluster_created\", \"cluster_deleted\")} by "
            "cluster");
}

TEST(Load, EventRulesKeepFiringForFiveMinutes) {
  const Loaded loaded = loaded_well(kWorked);
  EXPECT_EQ(rule(loaded, "PolicyChangedByNewActor").keep_firing, minutes(5));
  EXPECT_EQ(rule(loaded, "ClusterCreateStuck").keep_firing, minutes(5));
  EXPECT_EQ(rule(loaded, "CriticalInefficiency").keep_firing, minutes(15));
  EXPECT_EQ(rule(loaded, "WastedCost").keep_firing, seconds(0));
}

TEST(Load, ObjectivesBecomeAPageAndATicket) {
  const Loaded loaded = loaded_well(kWorked);
  const Rule& page = rule(loaded, "SchedulingLatencyPage");
  const Rule& ticket = rule(loaded, "SchedulingLatencyTicket");
  EXPECT_EQ(page.slo, "SchedulingLatency");
  const std::string bad = "count(scheduling_decision{execution_time_ms > 500}";
  const auto burn = [&](const std::string& window, const std::string& limit) {
    return bad + "[" + window + "]) / count(scheduling_decision[" + window + "]) > " + limit;
  };
  const auto part = [&](const std::string& far, const std::string& near, const std::string& limit) {
    return burn(far, limit) + " and " + burn(near, limit) + " and count(scheduling_decision[" +
           far + "]) >= 100";
  };
  EXPECT_EQ(page.expr->text, part("1h", "5m", "0.144") + " or " + part("6h", "30m", "0.06"));
  EXPECT_EQ(ticket.expr->text, part("1d", "2h", "0.03") + " or " + part("3d", "6h", "0.01"));
  ASSERT_EQ(page.labels.size(), 3u);
  EXPECT_EQ(page.labels[0].second.source, "SchedulingLatency");
  EXPECT_EQ(page.labels[1].second.source, "page");
  EXPECT_EQ(ticket.labels[1].second.source, "ticket");
}

TEST(Load, ObjectivesScaleWithTheirPeriod) {
  const std::string text =
      "groups: [{name: g, rules: [{slo: X, objective: 90%, period: 15d, total: alert, "
      "bad: alert, min_events: 0}]}]";
  const Loaded loaded = loaded_well(text);
  EXPECT_EQ(rule(loaded, "XPage").expr->text,
            "count(alert[1h]) / count(alert[1h]) > 0.72 and count(alert[5m]) / count(alert[5m]) > "
            "0.72 or count(alert[6h]) / count(alert[6h]) > 0.3 and count(alert[30m]) / "
            "count(alert[30m]) > 0.3");
}

TEST(Load, ARulesLabelsReplaceItsGroups) {
  const Loaded loaded = loaded_well(
      "groups:\n  - name: g\n    labels: {a: one, b: two}\n    rules:\n"
      "      - {alert: A, expr: alert, labels: {b: three}, annotations: {c: '{{ $labels.b }}'}}\n");
  const Rule& a = rule(loaded, "A");
  ASSERT_EQ(a.labels.size(), 2u);
  EXPECT_EQ(a.labels[0].second.source, "one");
  EXPECT_EQ(a.labels[1].second.source, "three");
}

TEST(Load, SplitsTemplates) {
  const Loaded loaded = loaded_well(
      one_rule("expr: alert\nby: [cluster]\nannotations:\n"
               "  a: '{{$count}} of {{ $labels.cluster | json }}: {{ $event.message}}.'"));
  const auto& parts = rule(loaded, "A").annotations[0].second.parts;
  using From = Template::Part::From;
  ASSERT_EQ(parts.size(), 6u);
  EXPECT_EQ(parts[0].from, From::kCount);
  EXPECT_EQ(parts[1].text, " of ");
  EXPECT_EQ(parts[2].from, From::kLabel);
  EXPECT_EQ(parts[2].text, "cluster");
  EXPECT_EQ(parts[2].form, Template::Part::Form::kJson);
  EXPECT_EQ(parts[4].from, From::kEventField);
  EXPECT_EQ(parts[4].text, "message");
  EXPECT_EQ(parts[5].text, ".");
}

struct Shape {
  std::string text, want;
};

// The tree with every operand in parentheses.
std::string shape(const Expr& expr) {
  static const std::vector<std::string> kSymbols = {
      "",  "",   "",   "",  "",   "abs", "-",  "+",   "-",  "*",      "/",
      "%", "==", "!=", ">", ">=", "<",   "<=", "and", "or", "unless", "not"};
  if (expr.operands.empty()) return expr.text;
  const std::string symbol = kSymbols.at(static_cast<std::size_t>(expr.kind));
  if (expr.operands.size() == 1) return symbol + "(" + shape(expr.operands[0]) + ")";
  return "(" + shape(expr.operands[0]) + " " + symbol + " " + shape(expr.operands[1]) + ")";
}

TEST(Load, OperatorsBindByRank) {
  const std::vector<Shape> cases = {
      {"count(alert[5m]) > 1 or count(alert[5m]) < 9 and absent(alert[1h])",
       "((count(alert[5m]) > 1) or ((count(alert[5m]) < 9) and absent(alert[1h])))"},
      {"absent(alert[1h]) and absent(alert[2h]) unless absent(alert[3h])",
       "((absent(alert[1h]) and absent(alert[2h])) unless absent(alert[3h]))"},
      {"not absent(alert[1h]) and absent(alert[2h])",
       "(not(absent(alert[1h])) and absent(alert[2h]))"},
      {"count(alert[5m]) + 2 * count(alert[1h]) > 7",
       "((count(alert[5m]) + (2 * count(alert[1h]))) > 7)"},
      {"count(alert[5m]) - 2 - count(alert[1h]) > 7",
       "(((count(alert[5m]) - 2) - count(alert[1h])) > 7)"},
      {"(count(alert[5m]) - 2) * 3 % 4 > -7", "((((count(alert[5m]) - 2) * 3) % 4) > -7)"},
      {"-abs(count(alert[5m])) < 2 * 3 + 10 % 4", "(-(abs(count(alert[5m]))) < 8)"},
      {"count(alert[5m]) > abs(-1 / 4)", "(count(alert[5m]) > abs(-1 / 4))"},
      {"count(alert[5m]) > 1e3", "(count(alert[5m]) > 1e3)"},
      {"count ( alert [ 1h30m ] )\n  >\n  5", "(count ( alert [ 1h30m ] ) > 5)"},
  };
  for (const auto& [text, want] : cases) EXPECT_EQ(shape(expr_of(text)), want);
}

TEST(Load, SelectorsThatMeanTheSameHaveOneText) {
  const std::vector<std::pair<std::string, std::vector<std::string>>> same = {
      {"alert[5m]", {"alert{}[300s]", "alert {\n} [ 4m60s ]"}},
      {"alert{(cluster = \"a\" and message contains \"b\")}[1h]",
       {"alert{message contains \"b\", cluster = \"a\"}[1h]",
        "alert{cluster == 'a' and (message contains `b` and cluster in (\"a\"))}[1h]"}},
      {"alert{not cluster = \"a\"}[1h]",
       {"alert{cluster != \"a\"}[1h]", "alert{not not not cluster in (\"a\", \"a\")}[1h]"}},
      {"alert{not cluster in (\"a\", \"b\")}[1h]", {"alert{cluster not in (\"b\", \"a\")}[1h]"}},
      {"alert{exists(message)}[1h]", {"alert{message != null}[1h]"}},
      {"alert{not exists(message)}[1h]", {"alert{message = null}[1h]"}},
      {"alert{(message = \"a\" or not exists(message))}[1h]",
       {"alert{message in (null, \"a\")}[1h]", "alert{message = 'a' or message = null}[1h]"}},
      {"alert{not message =~ \"a.*\\\\d\"}[1h]", {"alert{message !~ `a.*\\d`}[1h]"}},
      {"alert.message[1h] offset 1d", {"alert.message[60m] offset 24h"}},
      {"policy_change{version >= -2.5}[1h]", {"policy_change{version >= -2.50}[1h]"}},
  };
  for (const auto& [text, others] : same) {
    EXPECT_EQ(expr_of("count(" + text + ") > 1").operands[0].selector.text, text);
    for (const auto& other : others)
      EXPECT_EQ(expr_of("count(" + other + ") > 1").operands[0].selector.text, text);
  }
}

TEST(Load, ListsAndFiltersStandForWhatTheySay) {
  const Loaded loaded = loaded_well(
      "lists: {names: [b, a], numbers: [1, 2.5]}\n"
      "filters: {mine: 'cluster in @names', late: '@mine or version in @numbers'}\n" +
      one_rule("expr: policy_change{@late, action = \"updated\"}"));
  EXPECT_EQ(rule(loaded, "A").expr->selector.text,
            "policy_change{((cluster in (\"a\", \"b\") or version in (1, 2.5)) and action = "
            "\"updated\")}");
}

TEST(Load, EveryEventHasTheCommonFields) {
  const Expr expr = expr_of(
      "new(alert.actor{source = \"a\" and collector = \"b\" and agent = "
      "\"c\" and workload = \"d\" and reason = \"e\"}[1h])");
  EXPECT_EQ(expr.selector.field->from, FieldRef::From::kActor);
  EXPECT_EQ(expr.selector.filter.operands.size(), 5u);
}

TEST(Load, PatternsMatchTheWholeValue) {
  const Expr expr = expr_of("alert{message =~ \"gpu-[0-9]+\"}");
  const Pattern& pattern = *expr.selector.filter.pattern;
  EXPECT_TRUE(pattern.matches("gpu-12"));
  EXPECT_FALSE(pattern.matches("a gpu-12"));
  EXPECT_FALSE(pattern.matches("gpu-12b"));
}

TEST(Load, WhatCanBeTrueForOneEventIsAllowed) {
  for (const char* text :
       {"alert and count(alert[5m]) > 3", "alert unless policy_change", "alert or policy_change",
        "changed(policy_change.actor) and policy_change{version > 2}",
        "policy_change and not changed(policy_change.actor)", "alert and not policy_change",
        "count(alert[5m]) > -0 and count(alert[5m]) != 0"})
    expr_of(text);
}

TEST(Load, WhatNamesNoGroupsIsNoRuleFile) {
  EXPECT_FALSE(load({}, built_in_catalogue()).rules);
  for (const char* text : {"", "# none\n", "version: 1\n"})
    EXPECT_EQ(all(load({{"r.yaml", text}}, built_in_catalogue()).problems),
              "r.yaml:1:1: error: no rules; expected `groups`\n")
        << text;
  EXPECT_TRUE(loaded_well("groups: []\n").rules->groups.empty());
}

TEST(Load, TakesWhatTheOptionsAllow) {
  LoadOptions options;
  options.longest_window = hours(1);
  options.max_bytes = 1000;
  const auto problems = [&](const std::string& text) {
    return all(load({{"r.yaml", text}}, built_in_catalogue(), options).problems);
  };
  EXPECT_EQ(problems(one_rule("expr: count(alert[1h]) > 1")), "");
  EXPECT_EQ(problems(one_rule("expr: count(alert[61m]) > 1")),
            "r.yaml:5:27: error: a window of 61m is longer than the 1h that rules look back\n");
  EXPECT_EQ(problems(std::string(1001, '#')), "r.yaml: error: 1001 bytes long, at most 1000\n");
}

}  // namespace
}  // namespace kcloud::rules
