#include "tests/rules/brute_values.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <map>
#include <regex>
#include <set>

#include "rules/pattern.h"

namespace kcloud::rules::brute {
namespace {

constexpr Ms kNoTime = std::numeric_limits<Ms>::max();

Ms floor_to(Ms t, Ms step) { return (t >= 0 ? t / step : -((step - 1 - t) / step)) * step; }

Ms ms(core::Time time) { return floor_to(core::to_nanos(time), 1'000'000) / 1'000'000; }

Literal text_of(std::string_view text) {
  if (text.empty()) return std::monostate{};
  return std::string(text);
}

const std::regex& regex_of(const std::string& text) {
  static std::map<std::string, std::regex> made;
  return made.try_emplace(text, text).first->second;
}

// nullopt: they cannot be compared.
std::optional<int> order(const Literal& a, const Literal& b) {
  if (a.index() != b.index() || a.index() == 0) return std::nullopt;
  if (const auto* text = std::get_if<std::string>(&a)) {
    const int sign = text->compare(std::get<std::string>(b));
    return sign < 0 ? -1 : sign > 0 ? 1 : 0;
  }
  if (const auto* left = std::get_if<double>(&a)) {
    const double right = std::get<double>(b);
    return *left < right ? -1 : *left > right ? 1 : 0;
  }
  return std::nullopt;
}

Truth truth(bool value) { return value ? Truth::kTrue : Truth::kFalse; }

Truth negated(Truth value) {
  if (value == Truth::kUnknown) return value;
  return truth(value == Truth::kFalse);
}

Number finite(double value) {
  if (!std::isfinite(value)) return std::nullopt;
  return value;
}

Ms length(const Expr& aggregate) { return aggregate.selector.window.count(); }

Ms bucket(const Expr& aggregate) {
  const Ms n = aggregate.aggregate == Aggregate::kQuantile ? 12 : 60;
  return (length(aggregate) + n - 1) / n;
}

bool has_window(const Expr& expr) {
  return expr.kind == Expr::Kind::kAggregate && !is_event_condition(expr);
}

Ms longest_window(const Expr& expr) {
  Ms longest = 0;
  for_each(expr, [&](const Expr& part) {
    if (has_window(part)) longest = std::max(longest, length(part));
  });
  return longest;
}

// How much earlier than the evaluation a part is asked for: so many milliseconds, and so many of
// its own windows.
struct Earlier {
  Ms by = 0;
  int windows = 0;

  Ms of(const Expr& aggregate) const { return by + windows * length(aggregate); }
};

struct Sample {
  Ms t;
  std::size_t order;
  Literal value;
};

std::vector<Sample> samples(const Expr& expr, const View& view, const Span& span) {
  std::vector<Sample> found;
  for (const Hit& hit : *view.hits) {
    if (hit.t < span.from || hit.t >= span.to || !matches(expr.selector, *hit.event)) continue;
    Literal value;
    if (expr.selector.field) {
      value = read(*expr.selector.field, *hit.event);
      if (value.index() == 0) continue;
    }
    found.push_back({hit.t, hit.order, value});
  }
  return found;
}

double as_number(const Literal& value) {
  if (const auto* boolean = std::get_if<bool>(&value)) return *boolean ? 1 : 0;
  return std::get<double>(value);
}

double sum_of(const std::vector<Sample>& found) {
  double sum = 0;
  for (const Sample& sample : found) sum += as_number(sample.value);
  return sum;
}

std::vector<double> sorted(const std::vector<Sample>& found) {
  std::vector<double> values;
  for (const Sample& sample : found) values.push_back(as_number(sample.value));
  std::sort(values.begin(), values.end());
  return values;
}

double deviation(const std::vector<double>& values, double mean) {
  double squares = 0;
  for (const double value : values) squares += (value - mean) * (value - mean);
  return std::sqrt(squares / static_cast<double>(values.size()));
}

double mean_of(const std::vector<double>& values) {
  double sum = 0;
  for (const double value : values) sum += value;
  return sum / static_cast<double>(values.size());
}

Number of_some(const Expr& expr, const std::vector<Sample>& found) {
  if (found.empty()) return std::nullopt;
  if (expr.aggregate == Aggregate::kLast) {
    const auto last =
        std::max_element(found.begin(), found.end(), [](const auto& a, const auto& b) {
          return std::pair(a.t, a.order) < std::pair(b.t, b.order);
        });
    return as_number(last->value);
  }
  const auto values = sorted(found);
  const double n = static_cast<double>(values.size());
  switch (expr.aggregate) {
    case Aggregate::kAvg:
      return mean_of(values);
    case Aggregate::kMin:
      return values.front();
    case Aggregate::kMax:
      return values.back();
    case Aggregate::kStddev:
      return deviation(values, mean_of(values));
    default:
      break;
  }
  const double rank = std::max(1.0, std::ceil(expr.quantile * n));
  return values[static_cast<std::size_t>(rank) - 1];
}

Number aggregate(const Expr& expr, const View& view, const Earlier& earlier) {
  const auto found = samples(expr, view, window(expr, view, earlier.of(expr)));
  const double seconds = static_cast<double>(length(expr)) / 1000;
  switch (expr.aggregate) {
    case Aggregate::kCount:
      return static_cast<double>(found.size());
    case Aggregate::kSum:
      return finite(sum_of(found));
    case Aggregate::kRate:
      return finite((expr.selector.field ? sum_of(found) : static_cast<double>(found.size())) /
                    seconds);
    case Aggregate::kDistinct: {
      std::set<Literal> different;
      for (const Sample& sample : found) different.insert(sample.value);
      return static_cast<double>(different.size());
    }
    default:
      return of_some(expr, found);
  }
}

Number value(const Expr& expr, const View& view, const Earlier& earlier);

// The earliest begin of the windows in it; the greatest number when there are none.
Ms earliest_begin(const Expr& expr, const View& view, const Earlier& earlier) {
  if (has_window(expr)) return window(expr, view, earlier.of(expr)).from;
  // "`new(f[W])` counts as a window from the newest tick − W on"
  if (expr.kind == Expr::Kind::kAggregate && expr.aggregate == Aggregate::kNew)
    return view.now - length(expr);
  Earlier inner = earlier;
  if (expr.kind == Expr::Kind::kPrev) ++inner.windows;
  if (expr.kind == Expr::Kind::kBaseline || expr.kind == Expr::Kind::kZscore) {
    const Ms w = longest_window(expr);
    inner.by += expr.look_back.count() / w * w;
  }
  Ms earliest = kNoTime;
  for (const Expr& operand : expr.operands)
    earliest = std::min(earliest, earliest_begin(operand, view, inner));
  return earliest;
}

// `baseline` and `zscore`: what x was before. Empty: missing.
std::vector<double> history(const Expr& expr, const View& view, const Earlier& earlier) {
  const Expr& x = expr.operands.front();
  const Ms w = longest_window(x);
  const Ms look_back = expr.look_back.count();
  const auto first_t = view.first_t();
  if (!first_t) return {};
  const Ms passed = view.now - earlier.by - w - *first_t;
  if (2 * passed < std::max(look_back, 6 * w)) return {};  // warming up
  std::vector<double> values;
  for (Ms k = 1; k <= look_back / w; ++k) {
    const Earlier then{earlier.by + k * w, earlier.windows};
    if (earliest_begin(x, view, then) < *first_t) continue;
    if (const Number number = value(x, view, then)) values.push_back(*number);
  }
  return values;
}

Number baseline(const Expr& expr, const View& view, const Earlier& earlier) {
  const auto values = history(expr, view, earlier);
  if (values.empty()) return std::nullopt;
  return finite(mean_of(values));
}

Number zscore(const Expr& expr, const View& view, const Earlier& earlier) {
  const auto values = history(expr, view, earlier);
  const Number x = value(expr.operands.front(), view, earlier);
  if (values.empty() || !x) return std::nullopt;
  const double mean = mean_of(values);
  const double spread = deviation(values, mean);
  if (spread == 0) return std::nullopt;
  return finite((*x - mean) / spread);
}

Number arithmetic(Expr::Kind kind, double a, double b) {
  switch (kind) {
    case Expr::Kind::kAdd:
      return finite(a + b);
    case Expr::Kind::kSubtract:
      return finite(a - b);
    case Expr::Kind::kMultiply:
      return finite(a * b);
    case Expr::Kind::kDivide:
      return b == 0 ? std::nullopt : finite(a / b);
    default:
      return b == 0 ? std::nullopt : finite(std::fmod(a, b));
  }
}

Number value(const Expr& expr, const View& view, const Earlier& earlier) {
  switch (expr.kind) {
    case Expr::Kind::kNumber:
      return expr.number;
    case Expr::Kind::kAggregate:
      return aggregate(expr, view, earlier);
    case Expr::Kind::kBaseline:
      return baseline(expr, view, earlier);
    case Expr::Kind::kZscore:
      return zscore(expr, view, earlier);
    case Expr::Kind::kPrev:
      return value(expr.operands.front(), view, {earlier.by, earlier.windows + 1});
    default:
      break;
  }
  const Number a = value(expr.operands.front(), view, earlier);
  if (!a) return std::nullopt;
  if (expr.kind == Expr::Kind::kAbs) return std::abs(*a);
  if (expr.kind == Expr::Kind::kNegate) return -*a;
  const Number b = value(expr.operands.back(), view, earlier);
  if (!b) return std::nullopt;
  return arithmetic(expr.kind, *a, *b);
}

bool is_comparison(const Expr& expr) {
  return expr.kind >= Expr::Kind::kEqual && expr.kind <= Expr::Kind::kLessEqual;
}

Truth compared(const Expr& expr, const View& view) {
  const Number a = number(expr.operands.front(), view);
  const Number b = number(expr.operands.back(), view);
  if (!a || !b) return Truth::kUnknown;
  switch (expr.kind) {
    case Expr::Kind::kEqual:
      return truth(*a == *b);
    case Expr::Kind::kNotEqual:
      return truth(*a != *b);
    case Expr::Kind::kGreater:
      return truth(*a > *b);
    case Expr::Kind::kGreaterEqual:
      return truth(*a >= *b);
    case Expr::Kind::kLess:
      return truth(*a < *b);
    default:
      return truth(*a <= *b);
  }
}

// "no event of the group with this value of f came before with a t ≥ a − W, where a counts this
// event already"
bool is_new(const Expr& expr, const View& view) {
  const Literal value = read(*expr.selector.field, *view.arriving);
  if (value.index() == 0) return false;
  const Ms since = *view.newest_t() - length(expr);
  return std::none_of(view.hits->begin(), view.hits->end(), [&](const Hit& hit) {
    return hit.event != view.arriving && hit.t >= since && matches(expr.selector, *hit.event) &&
           read(*expr.selector.field, *hit.event) == value;
  });
}

// "of the events with f that came before, the one of greatest t (of equal ones the last) has
// another value of f; false for the first, for an event older than that one"
bool is_changed(const Expr& expr, const View& view) {
  const Literal value = read(*expr.selector.field, *view.arriving);
  if (value.index() == 0) return false;
  const Hit* before = nullptr;
  for (const Hit& hit : *view.hits) {
    if (hit.event == view.arriving || !matches(expr.selector, *hit.event) ||
        read(*expr.selector.field, *hit.event).index() == 0)
      continue;
    if (before == nullptr || hit.t >= before->t) before = &hit;
  }
  if (before == nullptr || time_of(*view.arriving) < before->t) return false;
  return read(*expr.selector.field, *before->event) != value;
}

Truth happens(const Expr& expr, const View& view) {
  if (view.arriving == nullptr || !matches(expr.selector, *view.arriving)) return Truth::kFalse;
  if (expr.kind == Expr::Kind::kEvent) return Truth::kTrue;
  return truth(expr.aggregate == Aggregate::kNew ? is_new(expr, view) : is_changed(expr, view));
}

}  // namespace

std::optional<Ms> View::first_t() const {
  std::optional<Ms> first;
  for (const Hit& hit : *hits) first = std::min(first.value_or(hit.t), hit.t);
  return first;
}

std::optional<Ms> View::newest_t() const {
  std::optional<Ms> newest;
  for (const Hit& hit : *hits) newest = std::max(newest.value_or(hit.t), hit.t);
  return newest;
}

Ms time_of(const core::Event& event) {
  const bool future = event.time > event.received + std::chrono::minutes(1);
  return ms(future ? event.received : event.time);
}

Literal read(const FieldRef& field, const core::Event& event) {
  using From = FieldRef::From;
  switch (field.from) {
    case From::kWorkload:
      return text_of(event.workload);
    case From::kCluster:
      return text_of(event.cluster);
    case From::kSeverity:
      return text_of(event.severity);
    case From::kActor:
      return text_of(event.actor);
    case From::kReason:
      return text_of(event.reason);
    case From::kSource:
      return text_of(event.source);
    case From::kCollector:
      return text_of(event.collector);
    case From::kAgent:
      return text_of(event.agent);
    case From::kSlot:
      break;
  }
  if (field.slot >= event.fields.size()) return std::monostate{};
  const core::FieldValue& value = event.fields[field.slot];
  switch (value.kind) {
    case core::FieldValue::Kind::kAbsent:
      return std::monostate{};
    case core::FieldValue::Kind::kInteger:
      return static_cast<double>(value.integer);
    case core::FieldValue::Kind::kReal:
      return value.real;
    case core::FieldValue::Kind::kBoolean:
      return value.boolean;
    case core::FieldValue::Kind::kText:
      return std::string(value.text);
  }
  return std::monostate{};
}

std::string by_text(const FieldRef& field, const core::Event& event) {
  const Literal value = read(field, event);
  if (const auto* text = std::get_if<std::string>(&value)) return *text;
  if (const auto* boolean = std::get_if<bool>(&value)) return *boolean ? "true" : "false";
  if (const auto* number = std::get_if<double>(&value)) return fmt::format("{}", *number);
  return {};
}

bool holds(const Filter& filter, const core::Event& event) {
  using Kind = Filter::Kind;
  const auto inner = [&](const Filter& operand) { return holds(operand, event); };
  const auto& operands = filter.operands;
  switch (filter.kind) {
    case Kind::kAlways:
      return true;
    case Kind::kAnd:
      return std::all_of(operands.begin(), operands.end(), inner);
    case Kind::kOr:
      return std::any_of(operands.begin(), operands.end(), inner);
    case Kind::kNot:
      return !inner(operands.front());
    default:
      break;
  }
  const Literal value = read(filter.field, event);
  const auto* text = std::get_if<std::string>(&value);
  const auto wanted = [&] { return std::get<std::string>(filter.values.front()); };
  switch (filter.kind) {
    case Kind::kExists:
      return value.index() != 0;
    case Kind::kEqual:
      return value == filter.values.front();
    case Kind::kNotEqual:
      return value != filter.values.front();
    case Kind::kIn:
      return value.index() != 0 &&
             std::find(filter.values.begin(), filter.values.end(), value) != filter.values.end();
    case Kind::kMatches:
      return text != nullptr && std::regex_match(*text, regex_of(filter.pattern->text()));
    case Kind::kContains:
      return text != nullptr && text->find(wanted()) != std::string::npos;
    case Kind::kStartsWith:
      return text != nullptr && text->starts_with(wanted());
    case Kind::kEndsWith:
      return text != nullptr && text->ends_with(wanted());
    default:
      break;
  }
  const auto sign = order(value, filter.values.front());
  if (!sign) return false;
  switch (filter.kind) {
    case Kind::kGreater:
      return *sign > 0;
    case Kind::kGreaterEqual:
      return *sign >= 0;
    case Kind::kLess:
      return *sign < 0;
    default:
      return *sign <= 0;
  }
}

bool matches(const Selector& selector, const core::Event& event) {
  return event.type == selector.type && holds(selector.filter, event);
}

Number number(const Expr& expr, const View& view) { return value(expr, view, {}); }

Truth condition(const Expr& expr, const View& view) {
  if (is_event_condition(expr)) return happens(expr, view);
  if (is_comparison(expr)) return compared(expr, view);
  if (expr.kind == Expr::Kind::kAggregate) {  // absent
    const Ms known = view.now - expr.selector.offset.count() - view.begin;
    return truth(samples(expr, view, window(expr, view, 0)).empty() && known >= length(expr));
  }
  const Truth a = condition(expr.operands.front(), view);
  if (expr.kind == Expr::Kind::kNot) return negated(a);
  std::vector<Truth> all;
  for (const Expr& operand : expr.operands) all.push_back(condition(operand, view));
  switch (expr.kind) {
    case Expr::Kind::kAnd:
      return *std::min_element(all.begin(), all.end());
    case Expr::Kind::kOr:
      return *std::max_element(all.begin(), all.end());
    default:
      break;
  }
  // "a unless b is a and not b, where an unknown b is false"
  for (std::size_t i = 1; i < all.size(); ++i)
    if (all[i] == Truth::kTrue) return Truth::kFalse;
  return a;
}

Number left_of_first_comparison(const Expr& expr, const View& view) {
  if (is_comparison(expr)) return number(expr.operands.front(), view);
  for (const Expr& operand : expr.operands)
    if (has_comparison(operand)) return left_of_first_comparison(operand, view);
  return std::nullopt;
}

Span window(const Expr& expr, const View& view, Ms earlier) {
  const Ms b = bucket(expr);
  const Ms n = expr.aggregate == Aggregate::kQuantile ? 12 : 60;
  const Ms at = floor_to(view.now - earlier - expr.selector.offset.count(), b);
  const Ms to = view.arriving == nullptr ? at : at + b;
  return {to - n * b, to};
}

bool is_event_condition(const Expr& expr) {
  return expr.kind == Expr::Kind::kEvent ||
         (expr.kind == Expr::Kind::kAggregate &&
          (expr.aggregate == Aggregate::kNew || expr.aggregate == Aggregate::kChanged));
}

// "a constant (an expression without selectors)"
static bool is_constant(const Expr& expr) {
  bool constant = true;
  for_each(expr, [&](const Expr& part) {
    if (part.kind == Expr::Kind::kAggregate || part.kind == Expr::Kind::kEvent) constant = false;
  });
  return constant;
}

bool is_eager(const Expr& expr) {
  if (expr.kind == Expr::Kind::kAnd || expr.kind == Expr::Kind::kOr)
    return std::all_of(expr.operands.begin(), expr.operands.end(), is_eager);
  if (!is_comparison(expr)) return false;
  const Expr& left = expr.operands.front();
  if (left.kind != Expr::Kind::kAggregate || left.selector.offset.count() != 0) return false;
  if (!is_constant(expr.operands.back())) return false;
  const bool above = expr.kind == Expr::Kind::kGreater || expr.kind == Expr::Kind::kGreaterEqual;
  const bool below = expr.kind == Expr::Kind::kLess || expr.kind == Expr::Kind::kLessEqual;
  switch (left.aggregate) {
    case Aggregate::kCount:
    case Aggregate::kDistinct:
    case Aggregate::kMax:
      return above;
    case Aggregate::kMin:
      return below;
    default:
      return false;
  }
}

bool has_comparison(const Expr& expr) {
  return is_comparison(expr) ||
         std::any_of(expr.operands.begin(), expr.operands.end(), has_comparison);
}

void for_each(const Expr& expr, const std::function<void(const Expr&)>& visit) {
  visit(expr);
  for (const Expr& operand : expr.operands) for_each(operand, visit);
}

Ms reach(const Expr& expr) {
  Ms most = 0;
  if (expr.kind == Expr::Kind::kAggregate) most = length(expr) + expr.selector.offset.count();
  for (const Expr& operand : expr.operands) most = std::max(most, reach(operand));
  if (expr.kind == Expr::Kind::kPrev) most += longest_window(expr);
  return most + expr.look_back.count();
}

std::optional<Ms> horizon(const Expr& expr, Ms now) {
  View view;
  view.now = now;
  const Ms earliest = earliest_begin(expr, view, {});
  if (earliest == kNoTime) return std::nullopt;
  return earliest;
}

Ms buckets_over(const Expr& expr, Ms t) {
  Ms over = std::numeric_limits<Ms>::min();
  for_each(expr, [&](const Expr& part) {
    if (has_window(part)) over = std::max(over, floor_to(t, bucket(part)) + bucket(part));
  });
  return over;
}

}  // namespace kcloud::rules::brute
