// Every error of the language, each at its place: `§` in a text marks where it is expected and is
// taken out before the text is read.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "rules_files.h"

namespace kcloud::rules {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::StartsWith;

struct Case {
  std::string name;
  std::string text;
  std::vector<std::string> want;  // one a mark, in file order
};

// Takes the marks out; `file:line:column` of each.
std::vector<std::string> take_marks(std::string& text) {
  constexpr std::string_view kMark = "§";
  std::vector<std::string> out;
  for (std::size_t at = text.find(kMark); at != text.npos; at = text.find(kMark)) {
    text.erase(at, kMark.size());
    const std::string before = text.substr(0, at);
    const auto line = std::count(before.begin(), before.end(), '\n') + 1;
    const std::size_t column = at - (before.rfind('\n') + 1) + 1;
    out.push_back("r.yaml:" + std::to_string(line) + ":" + std::to_string(column) + ": error: ");
  }
  return out;
}

void expect_errors(const std::vector<Case>& cases) {
  for (auto [name, text, messages] : cases) {
    SCOPED_TRACE(name);
    const auto places = take_marks(text);
    const Loaded loaded = load_text(text);
    EXPECT_EQ(loaded.bad_files, std::vector<std::string>{"r.yaml"});
    EXPECT_TRUE(loaded.rules && loaded.rules->groups.empty());
    ASSERT_EQ(places.size(), messages.size());
    ASSERT_EQ(loaded.problems.size(), messages.size()) << all(loaded.problems);
    for (std::size_t i = 0; i < messages.size(); ++i)
      EXPECT_THAT(loaded.problems[i].to_string(),
                  AllOf(StartsWith(places[i]), HasSubstr(messages[i])));
  }
}

// `alert: A` with the expression.
std::string expr(const std::string& text) { return one_rule("expr: '" + text + "'"); }

TEST(RuleErrors, Names) {
  expect_errors({
      {"function",
       expr("§cuont(scheduling_decision[5m]) > 1"),
       {"unknown function 'cuont' (did you mean 'count'?)"}},
      {"far function",
       expr("§histogram(scheduling_decision[5m]) > 1"),
       {"unknown function 'histogram'; there are count, rate, sum"}},
      {"type",
       expr("count(§schedulin_decision[5m]) > 1"),
       {"unknown event type 'schedulin_decision' (did you mean 'scheduling_decision'?)"}},
      {"alias",
       expr("count(§relocation[5m]) > 1"),
       {"unknown event type 'relocation' (did you mean 'workload_relocation'?)"}},
      {"far type", expr("count(§x[5m]) > 1"), {"unknown event type 'x'; there are scheduling_dec"}},
      {"reserved type",
       expr("count(§alert_transition[5m]) > 1"),
       {"'alert_transition' events are the agent's own: rules do not see them"}},
      {"field",
       expr("avg(scheduling_decision.§exection_time_ms[5m]) > 500"),
       {"event type 'scheduling_decision' has no field 'exection_time_ms' (did you mean "
        "'execution_time_ms'?)"}},
      {"far field",
       expr("avg(policy_change.§x[5m]) > 500"),
       {"event type 'policy_change' has no field 'x'; it has action, policy, cluster, version"}},
      {"field in a filter",
       expr("count(policy_change{§acter = \"a\"}[5m]) > 1"),
       {"event type 'policy_change' has no field 'acter' (did you mean 'actor'?)"}},
      {"field in exists",
       expr("count(policy_change{exists(§acter)}[5m]) > 1"),
       {"has no field 'acter'"}},
      {"function without call", expr("§sum > 1"), {"'sum' is a function: sum(type.field[5m])"}},
      {"several",
       expr("§cuont(policy_change[5m]) > 1 and avg(policy_change.§verson[5m]) > 2 and "
            "count(§polcy_change{x = 1}[5m]) > 3"),
       {"unknown function", "no field 'verson'", "unknown event type 'polcy_change'"}},
  });
}

TEST(RuleErrors, WindowsAndFields) {
  expect_errors({
      {"missing window",
       expr("count(§policy_change) > 1"),
       {"count needs a window: count(type[5m])"}},
      {"window of changed", expr("changed(policy_change.actor§[5m])"), {"changed has no window"}},
      {"window of an event",
       expr("policy_change§[5m]"),
       {"a window needs a function around it, such as count(type[5m])"}},
      {"field of an event",
       expr("policy_change.§actor"),
       {"a field needs a function around it, such as avg(type.field[5m])"}},
      {"offset of an event", expr("policy_change §offset 5m"), {"an offset needs a function"}},
      {"offset of new", expr("new(policy_change.actor[5m] §offset 1d)"), {"new has no offset"}},
      {"no field", expr("sum(§policy_change[5m]) > 1"), {"sum needs a field: sum(type.field[5m])"}},
      {"no field for distinct",
       expr("distinct(§policy_change[5m]) > 1"),
       {"distinct needs a field"}},
      {"text field",
       expr("avg(policy_change.§actor[5m]) > 1"),
       {"avg needs a number, and 'actor' of 'policy_change' is none; its numbers are version"}},
      {"text field of rate", expr("rate(policy_change.§actor[5m]) > 1"), {"rate needs a number"}},
      {"no numbers", expr("avg(alert.§message[5m]) > 1"), {"is none; it has no number"}},
      {"too long",
       expr("count(policy_change[§32d]) > 1"),
       {"a window of 32d is longer than the 31d that rules look back"}},
      {"too short", expr("count(policy_change[§500ms]) > 1"), {"a window is at least 1s"}},
      {"too far",
       expr("§count(policy_change[7d] offset 4w) > 1"),
       {"this looks back 35d, further than 31d"}},
      {"no duration",
       expr("count(policy_change[§5]) > 1"),
       {"expected a duration (30s, 5m, 1h30m), found a number"}},
      {"bad duration",
       expr("count(policy_change[§5x]) > 1"),
       {"'5x' is neither a number (1.5, 1e3, 30%) nor a duration (90s, 1h30m)"}},
      {"late field",
       expr("sum(policy_change{actor = \"a\"}§.version[5m]) > 1"),
       {"the field comes before the braces"}},
      {"late filter", expr("count(policy_change[5m]§{actor = \"a\"}) > 1"), {"the order is type"}},
  });
}

TEST(RuleErrors, Types) {
  expect_errors({
      {"text for a number",
       expr("count(scheduling_decision{alternatives = §\"0\"}[5m]) > 1"),
       {"field 'alternatives' is a number, it cannot be compared with the text \"0\""}},
      {"number for a text",
       expr("count(scheduling_decision{scheduler = §5}[5m]) > 1"),
       {"field 'scheduler' is text, it cannot be compared with 5"}},
      {"true for a text",
       expr("inefficiency_detected{auto_action_taken = §true}"),
       {"field 'auto_action_taken' is text, it cannot be compared with true"}},
      {"number in in", expr("policy_change{actor in (\"a\", §5)}"), {"'actor' is text"}},
      {"regex for a number",
       expr("scheduling_decision{alternatives =~ §\"0\"}"),
       {"field 'alternatives' is a number, this operator is for text"}},
      {"null",
       expr("policy_change{actor > §null}"),
       {"null can only be compared with =, != and in"}},
      {"value it never has",
       expr("inefficiency_detected{severity = §\"critcal\"}"),
       {"field 'severity' is never \"critcal\" (did you mean 'critical'?); it is one of info, "
        "low"}},
      {"word for a text",
       expr("inefficiency_detected{severity = §critical}"),
       {"expected a value, found 'critical'; write \"critical\" for the text"}},
      {"duration",
       expr("scheduling_decision{execution_time_ms > §5s}"),
       {"expected a value, found a duration"}},
      {"percent of percents",
       expr("metrics_updated{utilization_pct > §90%}"),
       {"field 'utilization_pct' is in percent already: write 90, not 90%"}},
      {"percent of percents outside",
       expr("avg(metrics_updated.utilization_pct[5m]) > §90%"),
       {"field 'utilization_pct' is in percent already: write 90 for 90%"}},
      {"number for a condition",
       expr("§count(policy_change[5m])"),
       {"a rule is a condition, this is a number; compare it: count(policy_change[5m]) > 0"}},
      {"number in and",
       expr("count(policy_change[5m]) > 1 and §count(alert[5m])"),
       {"expected a condition, found the number `count(alert[5m])`; compare it"}},
      {"condition in a sum",
       expr("count(policy_change[5m]) + §absent(alert[5m]) > 1"),
       {"expected a number, found the condition `absent(alert[5m])`"}},
      {"condition compared",
       expr("§policy_change > 5"),
       {"expected a number, found the condition `policy_change`"}},
      {"text outside",
       expr("count(policy_change[5m]) > §\"5\""),
       {"a text stands in braces only: type{field = \"text\"}"}},
      {"duration outside",
       expr("count(policy_change[5m]) > §5m"),
       {"a duration stands in brackets"}},
      {"list outside",
       expr("count(policy_change[5m]) > §@x"),
       {"lists and filters are used in braces"}},
      {"quantile",
       expr("quantile(§99, scheduling_decision.cpu[5m]) > 1"),
       {"a quantile is from 0 to 1: 0.99, or 99%"}},
      {"no quantile",
       expr("quantile(§scheduling_decision.cpu[5m]) > 1"),
       {"expected the quantile, a number from 0 to 1, found 'scheduling_decision'"}},
  });
}

TEST(RuleErrors, Grammar) {
  std::string deep, deep_filter, wide;
  for (int i = 0; i < 101; ++i) deep += "(";
  deep.insert(100, "§");
  for (int i = 0; i < 101; ++i) deep_filter += "(";
  deep_filter.insert(100, "§");
  for (int i = 0; i < 64; ++i) wide += "count(alert[5m]) > 1 or ";
  expect_errors({
      {"= outside",
       expr("count(policy_change[5m]) §= 5"),
       {"= belongs into braces; compare with =="}},
      {"chain",
       expr("1 < count(alert[5m]) §< 5"),
       {"comparisons do not chain; join two with `and`"}},
      {"&&",
       expr("count(alert[5m]) > 5 §&& count(alert[5m]) < 9"),
       {"expected an operator or the end, found '&&'; write `and`"}},
      {"OR", expr("count(alert[5m]) > 5 §OR count(alert[5m]) < 9"), {"found 'OR'; write `or`"}},
      {"!", expr("§!absent(alert[5m])"), {"found '!'; write `not`"}},
      {"open", expr("count(alert[5m]§"), {"expected ')', found the end"}},
      {"open behind white space",
       one_rule("expr: |\n  count(alert[5m]§\n\n"),
       {"expected ')', found the end"}},
      {"nothing behind",
       expr("count(alert[5m]) >§"),
       {"expected a number, a function, an event type or '(', found the end"}},
      {"open text", expr("alert{message = §\"abc}"), {"this text does not end: no closing quote"}},
      {"escape",
       expr("alert{message =~ \"a§\\d\"}"),
       {"unknown escape; write \\\\ for a backslash"}},
      {"character", expr("count(alert[5m]) > §#1"), {"unexpected '#'"}},
      {"Korean", expr("count(alert[5m]) > §한"), {"unexpected '한'"}},
      {"operator", expr("alert{message §~ \"a\"}"), {"unexpected '~'"}},
      {"no operator",
       expr("alert{message §\"a\"}"),
       {"expected an operator (=, !=, >, >=, <, <=, =~"}},
      {"no field", expr("alert{§\"a\"}"), {"expected a field, found the text \"a\""}},
      {"braces",
       expr("alert{message = \"a\" §message = \"b\"}"),
       {"expected '}', ',', `and` or `or`, found 'message'"}},
      {"not in", expr("alert{message not §= \"a\"}"), {"expected 'in', found '='"}},
      {"deep", expr(deep + "count(alert[5m])"), {"nested deeper than 100"}},
      {"deep filter", expr("alert{" + deep_filter), {"nested deeper than 100"}},
      {"windows", expr(wide + "count(§alert[5m]) > 1"), {"more than 64 windows in a rule"}},
      {"division by zero", expr("count(alert[5m]) > 1 §/ 0"), {"this is no number: a division by"}},
      {"regex", expr("alert{message =~ §\"a(\"}"), {"bad regular expression: missing ): a("}},
      {"huge regex",
       expr("alert{message =~ §\"((a{1,100}){1,100}){1,100}\"}"),
       {"bad regular expression: "}},
  });
}

TEST(RuleErrors, ConstantConditions) {
  expect_errors({
      {"numbers",
       expr("count(alert[5m]) > 1 and §2 > 1"),
       {"`2 > 1` is constant: it looks at no event"}},
      {"always", expr("§count(alert[5m]) >= 0"), {"`count(alert[5m]) >= 0` is always true"}},
      {"never", expr("§count(alert[5m]) < 0"), {"is never true"}},
      {"negative", expr("§count(alert[5m]) == -1"), {"is never true"}},
      {"prev of a number", expr("count(alert[5m]) > §prev(5)"), {"`prev(5)` looks at no window"}},
      {"two types", expr("§alert and policy_change"), {"never true: one event decides here"}},
      {"only not", expr("§not alert"), {"never true"}},
      {"unless itself", expr("§count(alert[5m]) > 1 unless alert"), {"never true"}},
      {"short look-back",
       expr("count(alert[5m]) > §baseline(count(alert[5m]), 10m)"),
       {"looking back 10m is 2 windows of 5m; from 3 to 3000 are possible"}},
      {"long look-back",
       expr("count(alert[1s]) > §baseline(count(alert[1s]), 1d)"),
       {"looking back 1d is 86400 windows of 1s"}},
      {"baseline in baseline",
       expr("count(alert[5m]) > baseline(§zscore(count(alert[5m]), 1h), 1d)"),
       {"baseline and zscore do not stand in one another"}},
  });
}

TEST(RuleErrors, Keys) {
  expect_errors({
      {"duplicate key",
       one_rule("expr: alert\n§expr: alert"),
       {"duplicate key 'expr' (first at line 5)"}},
      {"unknown key",
       one_rule("expr: alert\n§annotation: {}"),
       {"groups[0].rules[0]: unknown key 'annotation' (did you mean 'annotations'?); allowed: "
        "alert,"}},
      {"unknown key of a group",
       "groups:\n  - name: g\n    §intervall: 5s\n    rules: []\n",
       {"unknown key 'intervall' (did you mean 'interval'?)"}},
      {"unknown key of a file", "§rules: []\n", {"unknown key 'rules'; allowed: version, lists"}},
      {"version", "version: §2\n", {"version: expected a whole number from 1 to 1, found '2'"}},
      {"two kinds",
       "groups: [{name: g, rules: [§{alert: A, expr: alert, slo: x}]}]",
       {"a rule has exactly one of `expr`, `sequence` and `slo`"}},
      {"no kind",
       "groups:\n  - name: g\n    rules:\n      - §alert: A\n",
       {"a rule has exactly one of"}},
      {"no alert", "groups:\n  - name: g\n    rules:\n      - §expr: alert\n", {"no `alert`"}},
      {"empty expression",
       one_rule("expr: '§'"),
       {"expected a number, a function, an event type or '(', found the end"}},
      {"no text",
       "groups: [{name: g, rules: [{§alert: {a: b}, expr: alert}]}]",
       {"alert: expected text, found a mapping"}},
      {"no expression", one_rule("§expr: [alert]"), {"expr: expected text, found a list"}},
      {"no name", "groups:\n  - §rules: []\n", {"no `name`: the group's"}},
      {"bad name", "groups:\n  - name: §a/b\n    rules: []\n", {"a name is 1 to 100 bytes"}},
      {"duplicate alert",
       one_rule("expr: alert") + "      - alert: §A\n        expr: alert\n",
       {"there is an alert 'A' already, at r.yaml:4:16"}},
      {"duplicate of an slo",
       "groups:\n  - name: g\n    rules:\n      - {alert: XPage, expr: alert}\n"
       "      - {slo: §X, objective: 99%, total: alert, bad: alert}\n",
       {"there is an alert 'XPage' already, at r.yaml:4:17"}},
      {"duplicate group",
       "groups:\n  - {name: g, rules: []}\n  - {name: §g, rules: []}\n",
       {"there is a group 'g' already, at r.yaml:2:12"}},
      {"for", one_rule("expr: count(alert[5m]) > 1\nfor: §5"), {"for: expected a duration"}},
      {"for of an event",
       one_rule("expr: alert\nfor: §5m"),
       {"for: an event rule has none: it is true for one event"}},
      {"for of new",
       one_rule("expr: new(policy_change.actor[5m])\nfor: §5m"),
       {"an event rule has none"}},
      {"within of an expression",
       one_rule("expr: alert\nwithin: §5m"),
       {"within: is for a sequence only"}},
      {"total of an expression",
       one_rule("expr: alert\ntotal: §alert"),
       {"total: is for an slo only"}},
      {"no list", "groups: §5\n", {"groups: expected a list, found text"}},
      {"no mapping", "§- a\n", {"expected a mapping, found a list"}},
      {"anchor", one_rule("expr: §&a alert"), {"anchors and aliases (& and *) are not supported"}},
  });
}

TEST(RuleErrors, ByAndExpect) {
  expect_errors({
      {"by of another type",
       one_rule("expr: count(policy_change[5m]) > 1\nby: [actor, §scheduler]"),
       {"event type 'policy_change' has no field 'scheduler'"}},
      {"by of the second type",
       one_rule("expr: count(scheduling_decision[5m]) / count(policy_change[5m]) > 1\nby: "
                "§scheduler"),
       {"event type 'policy_change' has no field 'scheduler'"}},
      {"by a number",
       one_rule("expr: count(policy_change[5m]) > 1\nby: [§version]"),
       {"'version' of 'policy_change' is a number: alerts are grouped by texts"}},
      {"by JSON", one_rule("expr: count(policy_change[5m]) > 1\nby: [§before]"), {"is JSON"}},
      {"twice",
       one_rule("expr: count(policy_change[5m]) > 1\nby: [actor, §actor]"),
       {"'actor' stands here twice"}},
      {"expect without absent",
       one_rule("expr: alert\nby: [cluster]\n§expect: [{cluster: a}]"),
       {"expect: is for rules with absent(…) only"}},
      {"expect without by",
       one_rule("expr: absent(alert[5m])\n§expect: [{cluster: a}]"),
       {"expect: needs `by`"}},
      {"missing field",
       one_rule("expr: absent(alert[5m])\nby: [cluster]\nexpect: [§{}]"),
       {"no 'cluster', which is in `by`"}},
      {"other field",
       one_rule("expr: absent(alert[5m])\nby: [cluster]\nexpect: [{cluster: a, §clustr: b}]"),
       {"unknown key 'clustr' (did you mean 'cluster'?)"}},
      {"label of by",
       one_rule("expr: alert\nby: [cluster]\nlabels: {cluster: §x}"),
       {"label 'cluster' comes from `by` already"}},
  });
}

TEST(RuleErrors, Sequences) {
  expect_errors({
      {"no within",
       "groups: [{name: g, rules: [§{alert: A, sequence: [alert, alert]}]}]",
       {"a sequence needs `within`, such as 15m"}},
      {"one step", one_rule("§sequence: [alert]\nwithin: 5m"), {"expected two steps or more"}},
      {"negated first",
       one_rule("sequence: [{not: §alert}, alert]\nwithin: 5m"),
       {"a sequence begins with an event, not with the lack of one"}},
      {"window",
       one_rule("sequence:\n  - alert\n  - alert§[5m]\nwithin: 5m"),
       {"a window has no place here: this selects single events"}},
      {"field",
       one_rule("sequence:\n  - alert\n  - not: alert.§message\nwithin: 5m"),
       {"a field has no place here"}},
      {"expression",
       one_rule("sequence:\n  - alert\n  - alert §and alert\nwithin: 5m"),
       {"expected the end, found 'and'"}},
      {"type",
       one_rule("sequence:\n  - alert\n  - §alrt\nwithin: 5m"),
       {"unknown event type 'alrt'"}},
      {"other mapping",
       one_rule("sequence:\n  - alert\n  - §§nott: alert\n  - alert\nwithin: 5m"),
       {"a step is a selector, or `not:` and one", "unknown key 'nott' (did you mean 'not'?)"}},
      {"for", one_rule("sequence: [alert, alert]\nwithin: 5m\nfor: §5m"), {"a sequence has none"}},
  });
}

TEST(RuleErrors, Objectives) {
  const auto slo = [](const std::string& rest) {
    return "groups:\n  - name: g\n    rules:\n      - " + rest + "\n";
  };
  expect_errors({
      {"missing parts",
       slo("§§§{slo: X}"),
       {"an slo needs `objective`", "an slo needs `total`", "an slo needs `bad`"}},
      {"no part",
       slo("{slo: X, objective: §99, total: alert, bad: alert}"),
       {"objective: expected a part of the events, above 0% and below 100%: 99%"}},
      {"low",
       slo("{slo: X, objective: §1%, period: 365d, total: alert, bad: alert}"),
       {"objective: too low"}},
      {"window",
       slo("{slo: X, objective: 99%, total: 'alert§[5m]', bad: alert}"),
       {"a window has no place here"}},
      {"alert",
       slo("{slo: X, alert: §A, objective: 99%, total: alert, bad: alert}"),
       {"alert: an slo names its alerts itself"}},
      {"for",
       slo("{slo: X, for: §5m, objective: 99%, total: alert, bad: alert}"),
       {"for: an slo has none"}},
      {"filter",
       slo("{slo: X, objective: 99%, total: alert, bad: 'alert{§sverity = \"critical\"}'}"),
       {"has no field 'sverity'"}},
  });
}

TEST(RuleErrors, ListsAndFilters) {
  const auto with = [](const std::string& head, const std::string& expression) {
    return head + "\n" + expr(expression);
  };
  expect_errors({
      {"unused list", with("lists: {§a: [b]}", "alert"), {"list 'a' is used by no rule"}},
      {"unused filter",
       with("filters: {§a: 'message = \"b\"'}", "alert"),
       {"filter 'a' is used by no rule"}},
      {"unknown list",
       with("lists: {serious: [high]}",
            "inefficiency_detected{severity in @serious, kind in §@seriuos}"),
       {"no list 'seriuos' in this file's `lists` (did you mean 'serious'?)"}},
      {"unknown filter", expr("alert{§@a}"), {"no filter 'a' in this file's `filters`"}},
      {"list as filter",
       with("lists: {§a: [b]}", "alert{§@a}"),
       {"list 'a' is used by no rule", "'@a' is a list: write `field in @…`"}},
      {"empty list", with("lists: {§a: []}", "alert{message in @a}"), {"a list without values"}},
      {"no list", with("lists: {§a: {b: c}}", "alert{message in @a}"), {"expected a list"}},
      {"no filter", with("filters: {§a: [b]}", "alert{@a}"), {"expected text, found a list"}},
      {"text in a list of numbers",
       with("lists: {a: [1, §b]}", "policy_change{version in @a}"),
       {"'b' is not a number, as field 'version' of 'policy_change' is"}},
      {"values that never are",
       with("lists: {a: [x, y]}", "alert{severity in §@a}"),
       {"no value of '@a' is one that field 'severity' can have: debug, info"}},
      {"in a filter",
       with("filters: {a: '§mesage§'}", "alert{@a}"),
       {"has no field 'mesage'", "expected an operator"}},
      {"itself", with("filters: {a: '(§@a)'}", "alert{@a}"), {"filter '@a' uses itself"}},
      {"round", with("filters: {a: '@b', b: '§@a'}", "alert{@a}"), {"filter '@a' uses itself"}},
      {"same name",
       with("lists: {a: [b]}\nfilters: {§a: 'message in @a'}", "alert{@a}"),
       {"there is a list 'a' already"}},
      {"bad name",
       with("lists: {§a-b: [b]}", "alert"),
       {"expected a name of letters, digits and _"}},
  });
}

TEST(RuleErrors, Templates) {
  const auto summary = [](const std::string& text) {
    return one_rule(
        "expr: count(scheduling_decision[5m]) > 1\nby: [scheduler]\nlabels: {team: a}\n"
        "annotations:\n  summary: \"" +
        text + "\"");
  };
  expect_errors({
      {"name",
       summary("a {{ §$valeu }}"),
       {"unknown name '$valeu' (did you mean '$value'?); there"}},
      {"no name", summary("a {{ §}}"), {"unknown name ''; there are $value, $count"}},
      {"label",
       summary("a {{ $labels.§schduler }}"),
       {"unknown label 'schduler' (did you mean 'scheduler'?); there are scheduler, alertname, "
        "team"}},
      {"field",
       summary("a {{ $event.§reson }}"),
       {"has no field 'reson' (did you mean 'reason'?)"}},
      {"filter",
       summary("a {{ $value | §humanise }}"),
       {"unknown filter 'humanise' (did you mean 'humanize'?); there are humanize, "
        "humanizeDuration"}},
      {"two filters",
       summary("a {{ $value | json §| json }}"),
       {"expected `}}`, or `|` and one filter"}},
      {"not quoted",
       one_rule("expr: alert\nannotations:\n  summary: {§{ $value }} is much"),
       {"a key must be text; quote a value that begins with { or ["}},
      {"open", summary("a §{{ $value"), {"`{{` without `}}`"}},
      {"labels name no labels",
       one_rule("expr: alert\nlabels: {a: b, c: '{{ $labels.§a }}'}"),
       {"unknown label 'a'"}},
      {"label name", one_rule("expr: alert\nlabels: {a-b: §c}"), {"expected a name of letters"}},
      {"alertname",
       one_rule("expr: alert\nlabels: {alertname: §c}"),
       {"is the alert's name already"}},
      {"of a group",
       "groups:\n  - name: g\n    labels: {a: '{{ $labels.§b }}'}\n    rules:\n"
       "      - {alert: A, expr: alert}\n      - {alert: B, expr: alert}\n",
       {"unknown label 'b'"}},
  });
}

TEST(RuleErrors, InBlockTexts) {
  expect_errors({
      {"literal",
       one_rule("expr: |\n  count(alert[5m]) > 1\n    and count(§alrt[5m]) > 1\n"
                "  and §cnt(alert[5m]) > 1"),
       {"unknown event type 'alrt'", "unknown function 'cnt'"}},
      {"folded",
       one_rule("expr: >-\n  count(alert[5m]) > 1\n\n  and count(§alrt[5m]) > 1"),
       {"unknown event type 'alrt'"}},
      {"double quotes",
       one_rule("expr: \"alert{message = \\\"한국\\\", §mesage = 1}\""),
       {"no field 'mesage'"}},
      {"plain over lines",
       one_rule("expr: count(alert[5m]) > 1\n  and count(§alrt[5m]) > 1"),
       {"unknown event type 'alrt'"}},
      {"template",
       one_rule("expr: alert\nannotations:\n  summary: >\n    one\n    {{ §$two }}"),
       {"unknown name '$two'"}},
  });
}

TEST(RuleErrors, OfTwoFiles) {
  const Loaded loaded =
      load({{"a.yaml", one_rule("expr: alert")}, {"b.yaml", one_rule("expr: alert")}},
           built_in_catalogue());
  EXPECT_EQ(all(loaded.problems),
            "b.yaml:2:11: error: there is a group 'g' already, at a.yaml:2:11\n"
            "b.yaml:4:16: error: there is an alert 'A' already, at a.yaml:4:16\n");
  EXPECT_EQ(loaded.bad_files, std::vector<std::string>{"b.yaml"});
  ASSERT_EQ(loaded.rules->groups.size(), 1u);
  EXPECT_EQ(loaded.rules->groups[0].file, "a.yaml");
}

}  // namespace
}  // namespace kcloud::rules
