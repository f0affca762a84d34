#include "rules/rule_reader.h"

#include <fmt/format.h>

#include <algorithm>
#include <functional>
#include <limits>
#include <set>
#include <variant>

#include "rules/canonical.h"
#include "rules/check.h"
#include "rules/expr_parser.h"
#include "rules/filter_parser.h"
#include "rules/selector_parser.h"
#include "rules/slo.h"
#include "rules/template.h"

namespace kcloud::rules {
namespace {

using config::Section;
using config::Text;

constexpr std::size_t kMaxBy = 16;
constexpr std::size_t kMaxLabels = 64;
constexpr std::size_t kMaxName = 100;
constexpr Duration kShortest{1};
constexpr Duration kEventKeepFiring = std::chrono::minutes(5);

void each_selector(Expr& expr, const std::function<void(Selector&)>& visit) {
  if (expr.kind == Expr::Kind::kEvent || expr.kind == Expr::Kind::kAggregate) visit(expr.selector);
  for (Expr& operand : expr.operands) each_selector(operand, visit);
}

class RuleReader {
 public:
  RuleReader(Section& section, const WrittenTexts& group_labels, Scope& scope)
      : section_(section), group_labels_(group_labels), scope_(scope) {}

  std::vector<Rule> read() {
    read_keys();
    std::vector<Rule> rules = conditions();
    for (Rule& rule : rules) {
      resolve_by(rule);
      check_timing(rule);
      check_expect(rule);
      read_templates(rule);
    }
    return rules;
  }

 private:
  // Every key is asked for, whatever the rule's kind, so that the unknown ones are told with all
  // that are known.
  void read_keys() {
    section_.read("alert", alert_);
    section_.read("expr", expr_);
    section_.read("within", base_.within, kShortest, scope_.options.longest_window);
    section_.read("slo", slo_);
    section_.read("objective", target_);
    section_.read("period", period_, std::chrono::hours(24), std::chrono::hours(24 * 366));
    section_.read("total", total_);
    section_.read("bad", bad_);
    section_.read("min_events", min_events_, 0, std::numeric_limits<std::uint32_t>::max());
    section_.read("by", by_);
    section_.read("for", base_.hold, Duration(0), scope_.options.longest_window);
    section_.read("keep_firing_for", base_.keep_firing, Duration(0), scope_.options.longest_window);
    labels_ = read_texts(section_, "labels");
    annotations_ = read_texts(section_, "annotations");
    section_.read("notify", base_.notify);
    section_.read("enabled", base_.enabled);
    steps_ = section_.items("sequence");
    expect_ = section_.list("expect");
    base_.place = section_.place();
    for (const Text& field : by_) base_.by.push_back(field.value());
  }

  std::vector<Rule> conditions() {
    const bool expr = section_.has("expr");
    const bool sequence = section_.has("sequence");
    const bool slo = section_.has("slo");
    if (expr + sequence + slo != 1) {
      section_.fail("", "a rule has exactly one of `expr`, `sequence` and `slo`");
      return {};
    }
    only_with(sequence, "a sequence", {"within"});
    only_with(slo, "an slo", {"objective", "period", "total", "bad", "min_events"});
    if (slo) return objective();
    if (!section_.has("alert"))
      section_.fail("", "no `alert`: the alert's name");
    else
      check_name(alert_, scope_);
    Rule rule = base_;
    rule.name = alert_.value();
    if (sequence)
      rule.sequence = steps();
    else if (expr_.is_read())
      rule.expr = parse_expr(expr_, scope_, budget_);
    if (rule.expr) check_condition(*rule.expr, scope_);
    return {std::move(rule)};
  }

  void only_with(bool is, std::string_view what, const std::vector<std::string_view>& keys) {
    for (const auto key : keys)
      if (!is && section_.has(key)) section_.fail(key, fmt::format("is for {} only", what));
  }

  std::vector<Step> steps() {
    std::vector<Step> steps;
    for (auto& item : steps_) {
      Step step;
      Text text;
      if (auto* mapping = std::get_if<Section>(&item)) {
        step.negated = true;
        mapping->read("not", text);
        if (!mapping->has("not")) mapping->fail("", "a step is a selector, or `not:` and one");
      } else {
        text = std::get<Text>(item);
      }
      if (!text.is_read()) continue;
      if (++budget_.windows > Budget::kMaxWindows) {
        scope_.problem(text.start(), fmt::format("more than {} steps", Budget::kMaxWindows));
        break;
      }
      if (steps.empty() && step.negated)
        scope_.problem(text.place(0), "a sequence begins with an event, not with the lack of one");
      if (auto selector = parse_event_selector(text, scope_, budget_))
        step.selector = std::move(*selector);
      steps.push_back(std::move(step));
    }
    if (steps.size() < 2) section_.fail("sequence", "expected two steps or more");
    if (!section_.has("within")) section_.fail("", "a sequence needs `within`, such as 15m");
    return steps;
  }

  std::vector<Rule> objective() {
    if (section_.has("alert")) section_.fail("alert", "an slo names its alerts itself");
    if (section_.has("for")) section_.fail("for", "an slo has none: its windows do that");
    for (const auto* key : {"objective", "total", "bad"})
      if (!section_.has(key)) section_.fail("", fmt::format("an slo needs `{}`", key));
    check_name(slo_, scope_);
    Objective objective;
    objective.name = slo_.value();
    objective.period = period_;
    objective.min_events = min_events_;
    const auto target = parse_number(target_.value());
    if (section_.has("objective") && (!target || *target <= 0 || *target >= 1))
      section_.fail("objective", "expected a part of the events, above 0% and below 100%: 99%");
    const auto total = event_selector(total_);
    const auto bad = event_selector(bad_);
    if (!total || !bad || !target || *target <= 0 || *target >= 1) return {};
    objective.target = *target;
    objective.total = *total;
    objective.bad = *bad;
    return objective_rules(objective);
  }

  std::optional<Selector> event_selector(const Text& text) {
    if (!text.is_read()) return std::nullopt;
    return parse_event_selector(text, scope_, budget_);
  }

  std::vector<Rule> objective_rules(const Objective& objective) {
    Burn burning = burn(objective);
    if (!burning.page || !burning.ticket) {
      section_.fail("objective", "too low: even nothing but bad events would not make it fire");
      return {};
    }
    std::vector<Rule> rules;
    for (const bool page : {true, false}) {
      Rule rule = base_;
      rule.name = objective.name + (page ? "Page" : "Ticket");
      rule.slo = objective.name;
      rule.expr = std::move(page ? *burning.page : *burning.ticket);
      check_condition(*rule.expr, scope_);
      rule.labels = {{"slo", literal(objective.name)},
                     {"severity", literal(page ? "page" : "ticket")}};
      rules.push_back(std::move(rule));
    }
    return rules;
  }

  static Template literal(std::string text) {
    return {text, {{Template::Part::From::kText, Template::Part::Form::kPlain, text}}};
  }

  void resolve_by(Rule& rule) {
    if (by_.size() > kMaxBy) section_.fail("by", fmt::format("more than {} fields", kMaxBy));
    for (std::size_t i = 0; i < by_.size(); ++i)
      if (std::find(rule.by.begin(), rule.by.begin() + static_cast<std::ptrdiff_t>(i),
                    rule.by[i]) != rule.by.begin() + static_cast<std::ptrdiff_t>(i))
        scope_.problem(by_[i].start(), fmt::format("'{}' stands here twice", rule.by[i]));
    types_.clear();
    const auto resolve = [&](Selector& selector) {
      if (!selector.type) return;
      const bool first = std::find(types_.begin(), types_.end(), selector.type) == types_.end();
      if (first) types_.push_back(selector.type);
      for (const Text& name : by_) add_by(selector, name, first);
      selector.text = canonical(selector);
    };
    if (rule.expr) each_selector(*rule.expr, resolve);
    for (Step& step : rule.sequence) resolve(step.selector);
  }

  void add_by(Selector& selector, const Text& name, bool tell) {
    const auto field = find_field(*selector.type, name.value());
    if (field) selector.by.push_back(*field);
    if (!tell) return;
    if (!field)
      scope_.problem(name.start(), no_field(*selector.type, name.value()));
    else if (is_number(*field) || field->type == core::FieldType::kJson)
      scope_.problem(name.start(),
                     fmt::format("'{}' of '{}' is {}: alerts are grouped by texts", name.value(),
                                 selector.type->name, is_number(*field) ? "a number" : "JSON"));
  }

  void check_timing(Rule& rule) {
    const bool events = !rule.sequence.empty() || (rule.expr && has_event_condition(*rule.expr));
    if (!events) return;
    if (section_.has("for"))
      section_.fail("for", rule.sequence.empty()
                               ? "an event rule has none: it is true for one event"
                               : "a sequence has none: see `within`");
    if (!section_.has("keep_firing_for")) rule.keep_firing = kEventKeepFiring;
  }

  void check_expect(Rule& rule) {
    if (!section_.has("expect")) return;
    const bool has_absent_events = rule.expr && has_absent(*rule.expr);
    if (!has_absent_events || by_.empty()) {
      section_.fail("expect", has_absent_events ? "needs `by`: it names groups of it"
                                                : "is for rules with absent(…) only");
      for (Section& entry : expect_) entry.ignore_rest();
      return;
    }
    for (Section& entry : expect_) {
      std::map<std::string, std::string> group;
      for (const std::string& field : rule.by) {
        entry.read(field, group[field]);
        if (!entry.has(field)) entry.fail("", fmt::format("no '{}', which is in `by`", field));
      }
      rule.expect.push_back(std::move(group));
    }
  }

  void read_templates(Rule& rule) {
    TemplateNames names{rule.by, types_};
    names.labels.emplace_back("alertname");
    std::set<std::string_view> own;
    for (const auto& [key, text] : labels_) own.insert(key);
    for (const auto& [key, text] : group_labels_)
      if (!own.contains(key)) add_label(rule, key, text, names);
    for (const auto& [key, text] : labels_) add_label(rule, key, text, names);
    for (const auto& [key, value] : rule.labels) names.labels.push_back(key);
    for (const auto& [key, text] : annotations_)
      if (auto parsed = parse_template(text, names, scope_))
        rule.annotations.emplace_back(key, std::move(*parsed));
  }

  void add_label(Rule& rule, const std::string& key, const Text& text, const TemplateNames& names) {
    if (std::find(rule.by.begin(), rule.by.end(), key) != rule.by.end())
      scope_.problem(text.start(), fmt::format("label '{}' comes from `by` already", key));
    auto parsed = parse_template(text, names, scope_);
    if (!parsed) return;
    const auto same = std::find_if(rule.labels.begin(), rule.labels.end(),
                                   [&](const auto& label) { return label.first == key; });
    if (same != rule.labels.end())
      same->second = std::move(*parsed);
    else
      rule.labels.emplace_back(key, std::move(*parsed));
  }

  Section& section_;
  const WrittenTexts& group_labels_;
  Scope& scope_;
  Budget budget_;
  Rule base_;
  Text alert_, expr_, slo_, target_, total_, bad_;
  Duration period_ = std::chrono::hours(24 * 30);
  std::uint32_t min_events_ = 20;
  std::vector<Text> by_;
  WrittenTexts labels_, annotations_;
  std::vector<std::variant<Text, Section>> steps_;
  std::vector<Section> expect_;
  std::vector<const core::EventType*> types_;
};

}  // namespace

WrittenTexts read_texts(Section& section, std::string_view key) {
  WrittenTexts out;
  Section texts = section.section(key);
  for (const std::string& name : texts.keys()) {
    if (!is_name(name) || name == "alertname")
      texts.fail(name, name == "alertname" ? "is the alert's name already"
                                           : "expected a name of letters, digits and _");
    texts.read(name, out.emplace_back(name, Text()).second);
  }
  if (out.size() > kMaxLabels) {
    section.fail(key, fmt::format("more than {}", kMaxLabels));
    out.clear();
  }
  return out;
}

std::vector<Rule> read_rule(Section& section, const WrittenTexts& group_labels, Scope& scope) {
  return RuleReader(section, group_labels, scope).read();
}

void check_name(const Text& text, Scope& scope) {
  if (!text.is_read()) return;
  const std::string& name = text.value();
  const bool fits = !name.empty() && name.size() <= kMaxName && name.front() != ' ' &&
                    name.back() != ' ' && std::none_of(name.begin(), name.end(), [](char c) {
                      const auto byte = static_cast<unsigned char>(c);
                      return c == '/' || byte < 0x20 || byte == 0x7F;
                    });
  if (!fits)
    scope.problem(text.start(), fmt::format("a name is 1 to {} bytes, without / and control "
                                            "characters",
                                            kMaxName));
}

}  // namespace kcloud::rules
