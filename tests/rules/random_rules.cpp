#include "tests/rules/random_rules.h"

#include <fmt/format.h>

namespace kcloud::rules {

std::string RuleWriter::event_types() {
  std::string out = R"(version: 1
common:
  time: [timestamp]
  type: [event_type]
  source: [source]
  workload: [workload]
  cluster: [cluster]
  severity: [severity]
  actor: [actor]
  reason: [reason]
types:
)";
  for (const char* type : types_)
    out += fmt::format("  {}:\n{}", type, R"(    tags:
      scheduler: {}
      state: {}
      flag: {}
    measures:
      cost: {}
      size: {type: integer}
    texts:
      note: {}
)");
  return out;
}

std::string RuleWriter::file() {
  uses_list_ = uses_filter_ = false;
  std::string groups;
  const int count = 1 + static_cast<int>(below(2));
  for (int i = 0; i < count; ++i) groups += group(i);
  std::string head = "version: 1\n";
  if (uses_list_) head += "lists: {chosen: [\"on\", \"off\", \"half-way\"]}\n";
  if (uses_filter_) head += "filters: {dear: 'cost >= 16 or size > 2'}\n";
  return head + "groups:\n" + groups;
}

std::string RuleWriter::group(int number) {
  std::string out =
      fmt::format("  - name: group-{}\n    interval: {}\n    max_delay: {}\n", number,
                  one_of({"10s", "15s", "30s", "1m"}), one_of({"0s", "5s", "30s", "1m30s"}));
  if (chance(30)) out += fmt::format("    limit: {}\n", 1 + below(3));
  out += "    rules:\n";
  const int rules = 2 + static_cast<int>(below(4));
  for (int i = 0; i < rules; ++i) out += rule(fmt::format("Rule{}x{}", number, i));
  return out;
}

std::string RuleWriter::rule(const std::string& name) {
  if (chance(5)) return fmt::format("      - slo: {}\n{}{}", name, slo(), by());
  if (chance(20)) {
    std::string out = fmt::format("      - alert: {}\n{}{}", name, sequence(), by());
    if (chance(50)) out += fmt::format("        keep_firing_for: {}\n", window());
    return out;
  }
  const bool on_events = chance(20);
  const bool may_be_eager = !on_events && chance(40);
  const std::string expr = on_events ? event_condition() : may_be_eager ? eager(2) : condition(2);
  std::string out =
      fmt::format("      - alert: {}\n        expr: |\n          {}\n{}", name, expr, by());
  if (!on_events && chance(40)) out += fmt::format("        for: {}\n", window());
  if (chance(40)) out += fmt::format("        keep_firing_for: {}\n", window());
  return out;
}

std::string RuleWriter::by() {
  return one_of({"", "        by: [scheduler]\n", "        by: [cluster]\n",
                 "        by: [scheduler, state]\n", "        by: [workload]\n",
                 "        by: [collector]\n"});
}

std::string RuleWriter::sequence() {
  std::string out = "        sequence:\n          - " + selector("", false) + "\n";
  const int more = 1 + static_cast<int>(below(3));
  for (int i = 0; i < more; ++i)
    out += fmt::format("          - {}{}\n", chance(40) ? "not: " : "", selector("", false));
  return out + fmt::format("        within: {}\n", window());
}

std::string RuleWriter::slo() {
  const std::string of = type();
  return fmt::format(
      "        objective: {}\n        period: 30d\n        total: {}\n        bad: {}{{{}}}\n"
      "        min_events: {}\n",
      one_of({"99%", "95%", "90%"}), of, of, atom(), 1 + below(20));
}

std::string RuleWriter::text_field() {
  return one_of({"scheduler", "state", "flag", "note", "workload", "cluster", "severity", "actor",
                 "reason", "source", "collector"});
}

std::string RuleWriter::measure() { return one_of({"cost", "size"}); }

std::string RuleWriter::text_value(const std::string& field) {
  if (field == "scheduler") return one_of({"\"s-1\"", "\"s-2\"", "\"s\""});
  if (field == "workload") return one_of({"\"w/1\"", "\"w/2\"", "\"w\""});
  if (field == "cluster") return one_of({"\"gpu-1\"", "\"npu-1\"", "\"gpu\""});
  if (field == "collector") return one_of({"\"webhook\"", "\"kafka\""});
  return one_of({"\"on\"", "\"off\"", "\"half-way\"", "\"o\"", "\"f\""});
}

std::string RuleWriter::atom() {
  if (chance(8)) {
    uses_filter_ = true;
    return "@dear";
  }
  if (chance(30))
    return fmt::format("{} {} {}", measure(), one_of({"=", "==", "!=", ">", ">=", "<", "<="}),
                       one_of({"0", "1", "2", "4", "16", "2.5"}));
  const std::string field = text_field();
  switch (below(8)) {
    case 0:
      return fmt::format("exists({})", chance(50) ? field : measure());
    case 1:
      return fmt::format("{} {} null", field, one_of({"=", "!="}));
    case 2:
      return fmt::format("{} {}in ({}, {})", field, chance(30) ? "not " : "", text_value(field),
                         text_value(field));
    case 3:
      uses_list_ = true;
      return fmt::format("{} {}in @chosen", field, chance(30) ? "not " : "");
    case 4:
      return fmt::format("{} {} {}", field, one_of({"=~", "!~"}),
                         one_of({"\"o.*\"", "\".*-[12]\"", "\"half-way|gpu-1\"", "\".*f.*\""}));
    case 5:
      return fmt::format("{} {} {}", field, one_of({"contains", "startswith", "endswith"}),
                         text_value(field));
    default:
      return fmt::format("{} {} {}", field, one_of({"=", "!="}), text_value(field));
  }
}

std::string RuleWriter::filter(int depth) {
  if (depth == 0 || chance(50)) return chance(15) ? "not " + atom() : atom();
  const std::string a = filter(depth - 1);
  const std::string b = filter(depth - 1);
  switch (below(4)) {
    case 0:
      return a + ", " + b;
    case 1:
      return "(" + a + ") and (" + b + ")";
    case 2:
      return "(" + a + ") or (" + b + ")";
    default:
      return "not (" + a + " or (" + b + "))";
  }
}

std::string RuleWriter::braces() {
  if (chance(40)) return "";
  if (chance(10)) return "{}";
  return "{" + filter(2) + "}";
}

std::string RuleWriter::window() {
  return one_of({"7s", "30s", "1m", "1m30s", "5m", "5m", "15m", "1h"});
}

std::string RuleWriter::selector(const std::string& field, bool windowed) {
  std::string out = type();
  if (!field.empty()) out += "." + field;
  out += braces();
  if (windowed) out += "[" + window() + "]";
  return out;
}

std::string RuleWriter::aggregate() {
  const std::string offset = chance(15) ? " offset " + window() : "";
  const auto of = [&](const std::string& field) {
    return "(" + selector(field, true) + offset + ")";
  };
  switch (below(9)) {
    case 0:
      return "sum" + of(measure());
    case 1:
      return "rate" + of(chance(50) ? measure() : "");
    case 2:
      return "avg" + of(measure());
    case 3:
      return "min" + of(measure());
    case 4:
      return "max" + of(measure());
    case 5:
      return "last" + of(measure());
    case 6:
      return "distinct" + of(chance(50) ? measure() : text_field());
    default:
      return "count" + of(chance(20) ? text_field() : "");
  }
}

std::string RuleWriter::number(int depth) {
  if (depth == 0 || chance(40)) return aggregate();
  switch (below(8)) {
    case 0:
      return fmt::format("prev({})", number(depth - 1));
    case 1:
      return fmt::format("abs({})", number(depth - 1));
    case 2:
      return fmt::format("-{}", aggregate());
    case 3:
      return fmt::format("({} % {})", number(depth - 1), chance(50) ? "3" : aggregate());
    case 4:
      return fmt::format("{} / {}", aggregate(), aggregate());
    default:
      return fmt::format("({} {} {})", number(depth - 1), one_of({"+", "-", "*"}),
                         number(depth - 1));
  }
}

// Thresholds that no value of random_events.h comes within 1 % of, where the two engines may differ
// by as much.
std::string RuleWriter::comparison() {
  const char* const sign = one_of({">", ">=", "<", "<="});
  if (chance(10))
    return fmt::format("quantile({}, {}) {} {}", one_of({"0.5", "0.9", "99%", "0", "1"}),
                       selector("cost", true), sign, one_of({"3", "12", "24"}));
  if (chance(6))
    return fmt::format("stddev({}) {} {}", selector("cost", true), sign,
                       one_of({"1.37", "5.3", "12.7"}));
  if (chance(12)) return against_history(sign);
  if (chance(8))
    return fmt::format("{} {} {}", number(1), one_of({"==", "!="}), one_of({"0", "1", "2"}));
  if (chance(15)) return fmt::format("{} {} {}", number(1), sign, number(1));
  const std::string left = number(2);
  // What a count cannot be below is refused as constant.
  const bool below_zero = left.starts_with("sum") || left.starts_with("avg");
  return fmt::format("{} {} {}", left, sign,
                     below_zero ? one_of({"0", "-1", "33"}) : one_of({"1", "2", "4", "10", "25%"}));
}

std::string RuleWriter::against_history(const char* sign) {
  const bool counts = chance(50);
  const std::string x = (counts ? "count(" : "sum(") + type() + (counts ? "" : ".cost") + braces() +
                        "[" + one_of({"1m", "5m", "13s"}) + "])";
  const char* const look_back = one_of({"15m", "45m", "17m3s"});
  if (chance(50))
    return fmt::format("zscore({}, {}) {} {}", x, look_back, sign, one_of({"0.51", "1.77"}));
  return fmt::format("{} {} {} * baseline({}, {})", x, sign, one_of({"1.37", "0.71"}), x,
                     look_back);
}

std::string RuleWriter::eager(int depth) {
  if (depth > 0 && chance(40))
    return fmt::format("({} {} {})", eager(depth - 1), one_of({"and", "or"}), eager(depth - 1));
  switch (below(4)) {
    case 0:
      return fmt::format("min({}) {} {}", selector(measure(), true), one_of({"<", "<="}),
                         one_of({"1", "4"}));
    case 1:
      return fmt::format("max({}) {} {}", selector(measure(), true), one_of({">", ">="}),
                         one_of({"3", "16", "64"}));
    case 2:
      return fmt::format("distinct({}) {} {}",
                         selector(chance(50) ? text_field() : measure(), true), one_of({">", ">="}),
                         1 + below(3));
    default:
      return fmt::format("count({}) {} {}", selector(chance(20) ? "note" : "", true),
                         one_of({">", ">="}), 1 + below(5));
  }
}

std::string RuleWriter::condition(int depth) {
  if (depth > 0 && chance(45)) {
    const std::string a = condition(depth - 1);
    const std::string b = condition(depth - 1);
    return fmt::format("({} {} {})", a, one_of({"and", "or", "unless"}), b);
  }
  if (chance(10)) return fmt::format("not ({})", comparison());
  if (chance(12)) return fmt::format("absent({})", selector(chance(30) ? measure() : "", true));
  if (chance(15)) return eager(0);
  return comparison();
}

std::string RuleWriter::event_condition() {
  std::string one;
  switch (below(4)) {
    case 0:
      one = fmt::format("new({})", selector(text_field(), true));
      break;
    case 1:
      one = fmt::format("changed({})", selector(chance(50) ? text_field() : measure(), false));
      break;
    default:
      one = selector("", false);
  }
  if (chance(25)) return one + " and " + comparison();
  if (chance(15)) return one + " unless " + comparison();
  if (chance(15)) return one + " or " + selector("", false);
  return one;
}

}  // namespace kcloud::rules
