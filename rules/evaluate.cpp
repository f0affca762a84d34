#include "rules/evaluate.h"

#include <algorithm>
#include <cmath>

#include "rules/series.h"

namespace kcloud::rules {
namespace {

using Kind = Expr::Kind;

Result arithmetic(Kind kind, const Result& left, const Result& right) {
  if (left.missing != Missing::kNo) return left;
  if (right.missing != Missing::kNo) return right;
  const double a = left.number;
  const double b = right.number;
  switch (kind) {
    case Kind::kAdd:
      return number(a + b);
    case Kind::kSubtract:
      return number(a - b);
    case Kind::kMultiply:
      return number(a * b);
    case Kind::kDivide:
      return b == 0 ? missing(Missing::kDivisionByZero) : number(a / b);
    case Kind::kModulo:
      return b == 0 ? missing(Missing::kDivisionByZero) : number(std::fmod(a, b));
    case Kind::kEqual:
      return condition(a == b);
    case Kind::kNotEqual:
      return condition(a != b);
    case Kind::kGreater:
      return condition(a > b);
    case Kind::kGreaterEqual:
      return condition(a >= b);
    case Kind::kLess:
      return condition(a < b);
    default:
      return condition(a <= b);
  }
}

Result negated(const Result& value) {
  return value.missing == Missing::kNo ? condition(value.number == 0) : value;
}

Result both(const Result& left, const Result& right) {
  if (left.is_false() || right.is_false()) return condition(false);
  return left.missing != Missing::kNo ? left : right;
}

Result either(const Result& left, const Result& right) {
  if (left.is_true() || right.is_true()) return condition(true);
  return left.missing != Missing::kNo ? left : right;
}

// How long the group must have been known one step before the evaluation.
Ms warm_up(const Node& self) {
  return std::max(self.expr->look_back.count() / 2, 3 * self.longest);
}

}  // namespace

std::span<const Result> Evaluator::run(const Program& program, const Moment& moment,
                                       std::span<const std::uint32_t> cells) {
  program_ = &program;
  moment_ = moment;
  cells_ = cells;
  values_.resize(program.nodes.size());
  node(static_cast<int>(program.nodes.size()) - 1, {});
  return values_;
}

Result Evaluator::node(int at, Shift shift) {
  const auto index = static_cast<std::size_t>(at);
  const Result value = compute(program_->nodes[index], shift);
  values_[index] = value;
  return value;
}

Result Evaluator::compute(const Node& self, Shift shift) {
  switch (self.expr->kind) {
    case Kind::kNumber:
      return number(self.expr->number);
    case Kind::kAggregate:
    case Kind::kEvent:
      return use(program_->uses[static_cast<std::size_t>(self.use)], shift);
    case Kind::kBaseline:
    case Kind::kZscore:
      return look_back(self, shift);
    case Kind::kPrev:
      return node(self.left, {shift.back, shift.windows + 1});
    case Kind::kAbs:
    case Kind::kNegate: {
      Result value = node(self.left, shift);
      value.number = self.expr->kind == Kind::kAbs ? std::abs(value.number) : -value.number;
      return value;
    }
    case Kind::kNot:
      return negated(node(self.left, shift));
    default:
      break;
  }
  const Result left = node(self.left, shift);
  const Result right = node(self.right, shift);
  switch (self.expr->kind) {
    case Kind::kAnd:
      return both(left, right);
    case Kind::kOr:
      return either(left, right);
    case Kind::kUnless:
      return both(left, condition(!right.is_true()));
    default:
      return arithmetic(self.expr->kind, left, right);
  }
}

Ms Evaluator::asked_at(const Use& use, Shift shift) const {
  return moment_.time - use.offset - shift.back - shift.windows * use.window;
}

Result Evaluator::use(const Use& use, Shift shift) {
  if (!use.has_buckets()) return event_condition(use);
  const Ms time = asked_at(use, shift);
  const std::int64_t end = use.end(time, moment_.event != 0);
  const std::uint32_t cell = cells_[use.feed];
  const bool absent = use.expr->aggregate == Aggregate::kAbsent;
  const Aggregate aggregate = absent ? Aggregate::kCount : use.expr->aggregate;
  const Result value = cell == kNoCell ? Series::of_none(aggregate)
                                       : use.series->value(cell, aggregate, use.expr->quantile,
                                                           static_cast<double>(use.window) / 1000,
                                                           end - use.buckets, end);
  if (absent) return condition(value.number == 0 && time - moment_.begin >= use.window);
  return value;
}

Result Evaluator::event_condition(const Use& use) const {
  if (moment_.event == 0) return condition(false);
  if (use.series == nullptr) return condition(*use.matched == moment_.event);
  const Series::Verdict& verdict = use.series->verdict();
  if (verdict.event != moment_.event) return condition(false);
  const bool known = verdict.known && verdict.number >= moment_.known;
  if (use.expr->aggregate == Aggregate::kChanged) return condition(known && verdict.differs);
  return condition(!verdict.known || verdict.before < moment_.newest - use.window);
}

bool Evaluator::begins_before_group(const Node& self, Shift shift) const {
  for (int at = self.uses_from; at < self.uses_to; ++at) {
    const Use& inner = program_->uses[static_cast<std::size_t>(at)];
    const std::int64_t end = inner.end(asked_at(inner, shift), moment_.event != 0);
    if ((end - inner.buckets) * inner.bucket < moment_.first) return true;
  }
  return false;
}

Result Evaluator::look_back(const Node& self, Shift shift) {
  const Ms step = self.longest;
  const Ms look_back = self.expr->look_back.count();
  const Ms known_since = moment_.time - shift.back - step;
  const bool warm =
      moment_.first != kNever && known_since - moment_.first >= std::max(look_back / 2, 3 * step);
  std::vector<double> before;
  double sum = 0;
  Missing why = Missing::kWarmingUp;
  for (Ms back = step; warm && back <= look_back; back += step) {
    const Shift earlier{shift.back + back, shift.windows};
    if (begins_before_group(self, earlier)) continue;
    const Result value = node(self.left, earlier);
    if (value.missing != Missing::kNo) {
      why = value.missing;
      continue;
    }
    before.push_back(value.number);
    sum += value.number;
  }
  const Result now = node(self.left, shift);
  if (before.empty()) return missing(why);
  const auto count = static_cast<double>(before.size());
  const double mean = sum / count;
  if (self.expr->kind == Kind::kBaseline) return number(mean);
  double squares = 0;
  for (const double value : before) squares += (value - mean) * (value - mean);
  if (now.missing != Missing::kNo) return now;
  if (squares == 0) return missing(Missing::kNoDeviation);
  return number((now.number - mean) / std::sqrt(squares / count));
}

Ms ChangeFinder::next(const Program& program, const Moment& moment,
                      std::span<const std::uint32_t> cells, Ms soon) {
  program_ = &program;
  moment_ = moment;
  cells_ = cells;
  soon_ = soon;
  next_ = kNever;
  node(static_cast<int>(program.nodes.size()) - 1, {}, false);
  return next_;
}

void ChangeFinder::by(Ms time) {
  if (time > moment_.time) next_ = std::min(next_, time);
}

void ChangeFinder::node(int at, Shift shift, bool looks_back) {
  if (at < 0 || next_ <= soon_) return;
  const Node& self = program_->nodes[static_cast<std::size_t>(at)];
  if (self.use >= 0)
    return use(program_->uses[static_cast<std::size_t>(self.use)], shift, looks_back);
  const Kind kind = self.expr->kind;
  if (kind == Kind::kPrev) ++shift.windows;
  if (kind != Kind::kBaseline) node(self.left, shift, looks_back);
  node(self.right, shift, looks_back);
  if (kind != Kind::kBaseline && kind != Kind::kZscore) return;
  if (moment_.first == kNever) return;
  const Ms look_back = self.expr->look_back.count();
  by(moment_.first + warm_up(self) + shift.back + self.longest);
  for (Ms back = self.longest; back <= look_back; back += self.longest)
    node(self.left, {shift.back + back, shift.windows}, true);
}

void ChangeFinder::use(const Use& use, Shift shift, bool looks_back) {
  if (!use.has_buckets()) return;
  const Ms back = use.offset + shift.back + shift.windows * use.window;
  if (use.expr->aggregate == Aggregate::kAbsent) by(moment_.begin + use.window + back);
  // The first one that begins with the group.
  if (looks_back) by((-floor_div(-moment_.first, use.bucket) + use.buckets) * use.bucket + back);
  const std::uint32_t cell = cells_[use.feed];
  if (cell == kNoCell) return;
  const std::int64_t end = use.end(moment_.time - back, false);
  const std::int64_t at = use.series->next_change(cell, end, use.buckets);
  if (at != kNoBucket) by(at * use.bucket + back);
}

Ms buckets_over(const Program& program, Ms t) {
  Ms over = kLongAgo;
  for (const Use& use : program.uses)
    if (use.has_buckets()) over = std::max(over, (floor_div(t, use.bucket) + 1) * use.bucket);
  return over;
}

}  // namespace kcloud::rules
