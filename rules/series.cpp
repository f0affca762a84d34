#include "rules/series.h"

#include <cmath>
#include <utility>

#include "rules/field.h"

namespace kcloud::rules {
namespace {

using Kind = Series::Kind;

void merge(Series::Variance& into, const Series::Variance& other) {
  if (other.count == 0) return;
  const double count = into.count + other.count;
  const double apart = other.mean - into.mean;
  into.mean += apart * (other.count / count);
  into.squares += other.squares + apart * apart * (into.count * other.count / count);
  into.count = count;
}

void put(std::uint32_t& bucket, const core::FieldValue&, const Arrival&) { ++bucket; }
void put(Series::Sum& bucket, const core::FieldValue& value, const Arrival&) {
  ++bucket.count;
  bucket.sum += value.number();
}
void put(Series::Least& bucket, const core::FieldValue& value, const Arrival&) {
  bucket.value = std::min(bucket.value, value.number());
}
void put(Series::Greatest& bucket, const core::FieldValue& value, const Arrival&) {
  bucket.value = std::max(bucket.value, value.number());
}
void put(Series::Variance& bucket, const core::FieldValue& value, const Arrival&) {
  merge(bucket, {1, value.number(), 0});
}
void put(Series::Last& bucket, const core::FieldValue& value, const Arrival& arrival) {
  if (arrival.t >= bucket.t) bucket = {arrival.t, value.number()};
}
void put(core::Sketch& bucket, const core::FieldValue& value, const Arrival&) {
  bucket.add(value.number());
}
void put(Distinct& bucket, const core::FieldValue& value, const Arrival&) {
  bucket.add(hash_of(value));
}

// Whether a series of this kind takes the value.
bool takes(Kind kind, const core::FieldValue& value) {
  if (kind == Kind::kCount || kind == Kind::kDistinct || kind == Kind::kNew ||
      kind == Kind::kChanged)
    return value.present();
  return value.kind == core::FieldValue::Kind::kInteger ||
         value.kind == core::FieldValue::Kind::kReal;
}

}  // namespace

std::string_view to_string(Missing missing) {
  switch (missing) {
    case Missing::kNo:
      break;
    case Missing::kNoEvents:
      return "no events";
    case Missing::kDivisionByZero:
      return "division by zero";
    case Missing::kNotFinite:
      return "not a finite number";
    case Missing::kWarmingUp:
      return "warming_up";
    case Missing::kNoDeviation:
      return "no deviation";
  }
  return {};
}

Series::Kind Series::kind_of(Aggregate aggregate, bool has_field) {
  switch (aggregate) {
    case Aggregate::kCount:
    case Aggregate::kAbsent:
      return Kind::kCount;
    case Aggregate::kRate:
      return has_field ? Kind::kSum : Kind::kCount;
    case Aggregate::kSum:
    case Aggregate::kAvg:
      return Kind::kSum;
    case Aggregate::kMin:
      return Kind::kMin;
    case Aggregate::kMax:
      return Kind::kMax;
    case Aggregate::kStddev:
      return Kind::kVariance;
    case Aggregate::kQuantile:
      return Kind::kSketch;
    case Aggregate::kDistinct:
      return Kind::kDistinct;
    case Aggregate::kLast:
      return Kind::kLast;
    case Aggregate::kNew:
      return Kind::kNew;
    case Aggregate::kChanged:
      return Kind::kChanged;
  }
  return Kind::kCount;
}

Series::Cells Series::cells_of(Kind kind) {
  switch (kind) {
    case Kind::kCount:
      return Rings<std::uint32_t>();
    case Kind::kSum:
      return Rings<Sum>();
    case Kind::kMin:
      return Rings<Least>();
    case Kind::kMax:
      return Rings<Greatest>();
    case Kind::kVariance:
      return Rings<Variance>();
    case Kind::kLast:
      return Rings<Last>();
    case Kind::kSketch:
      return Rings<core::Sketch>();
    case Kind::kDistinct:
      return Rings<Distinct>();
    case Kind::kNew:
      return std::vector<SeenValues>();
    case Kind::kChanged:
      return std::vector<Previous>();
  }
  return Rings<std::uint32_t>();
}

Series::Series(Kind kind, std::optional<FieldRef> field, Ms length, std::size_t most_values)
    : kind_(kind),
      field_(std::move(field)),
      length_(length),
      most_values_(most_values),
      cells_(cells_of(kind)) {}

void Series::resize(std::size_t cells) {
  std::visit([&](auto& all) { all.resize(cells); }, cells_);
}

void Series::clear(std::uint32_t cell) {
  std::visit([&](auto& all) { all[cell] = {}; }, cells_);
}

void Series::set_horizon(Ms time) {
  horizon_ = time;
  if (kind_ != Kind::kNew && kind_ != Kind::kChanged) first_bucket_ = floor_div(time, length_);
}

std::int64_t Series::bucket_of(Ms t) {
  if (t < from_ || t >= to_) {
    bucket_ = floor_div(t, length_);
    from_ = bucket_ * length_;
    to_ = from_ + length_;
  }
  return bucket_;
}

void Series::add(std::uint32_t cell, const Arrival& arrival) {
  core::FieldValue common;
  const core::FieldValue* value = &common;
  if (field_) {
    value = &value_of(*arrival.event, *field_, common);
    if (!takes(kind_, *value)) return;
  }
  if (kind_ == Kind::kNew) return add_new(cell, arrival, hash_of(*value));
  if (kind_ == Kind::kChanged) return add_changed(cell, arrival, hash_of(*value));
  if (arrival.t < horizon_) return;
  const std::int64_t bucket = bucket_of(arrival.t);
  std::visit(
      [&](auto& all) {
        if constexpr (requires { all[cell].at(bucket, first_bucket_); })
          put(all[cell].at(bucket, first_bucket_), *value, arrival);
      },
      cells_);
}

void Series::add_new(std::uint32_t cell, const Arrival& arrival, std::uint64_t value) {
  auto& seen = std::get<std::vector<SeenValues>>(cells_)[cell];
  verdict_ = {arrival.number, false, 0, 0, false};
  if (Ms* found = seen.find(value)) {
    verdict_.known = true;
    verdict_.before = *found;
    *found = std::max(*found, arrival.t);
    return;
  }
  const bool crowded = seen.size() >= most_values_;
  if (crowded ? arrival.t - purged_ >= length_ / 60 : seen.full()) {
    seen.erase_if([&](std::uint64_t, Ms t) { return t < arrival.t - length_; });
    seen.reserve(std::min(2 * seen.size(), most_values_));
    if (crowded) purged_ = arrival.t;
  }
  if (seen.size() < most_values_) {
    seen[value] = arrival.t;
  } else {
    verdict_ = {};  // not remembered, so it would be new each time
    ++refused_;
  }
}

void Series::add_changed(std::uint32_t cell, const Arrival& arrival, std::uint64_t value) {
  auto& previous = std::get<std::vector<Previous>>(cells_)[cell];
  verdict_ = {};
  if (arrival.t < previous.t) return;
  verdict_ = {arrival.number, previous.number != 0, previous.t, previous.number,
              previous.value != value};
  previous = {arrival.t, value, arrival.number};
}

Result Series::of_none(Aggregate aggregate) {
  switch (aggregate) {
    case Aggregate::kCount:
    case Aggregate::kRate:
    case Aggregate::kSum:
    case Aggregate::kDistinct:
      return number(0);
    default:
      return missing(Missing::kNoEvents);
  }
}

Result Series::value(std::uint32_t cell, Aggregate aggregate, double quantile, double seconds,
                     std::int64_t from, std::int64_t to) {
  const auto each = [&]<class Bucket>(Bucket, auto visit) {
    std::get<Rings<Bucket>>(cells_)[cell].each(from, to, visit);
  };
  const auto or_none = [&](bool some, double result) {
    return some ? number(result) : of_none(aggregate);
  };
  switch (kind_) {
    case Kind::kCount: {
      std::uint64_t count = 0;
      each(std::uint32_t{}, [&](std::uint32_t bucket) { count += bucket; });
      const auto total = static_cast<double>(count);
      return number(aggregate == Aggregate::kRate ? total / seconds : total);
    }
    case Kind::kSum: {
      double sum = 0;
      std::uint64_t count = 0;
      each(Sum{}, [&](const Sum& bucket) { sum += bucket.sum, count += bucket.count; });
      if (aggregate == Aggregate::kAvg) return or_none(count > 0, sum / static_cast<double>(count));
      return number(aggregate == Aggregate::kRate ? sum / seconds : sum);
    }
    case Kind::kMin: {
      Least least;
      each(least, [&](const Least& bucket) { least.value = std::min(least.value, bucket.value); });
      return or_none(std::isfinite(least.value), least.value);
    }
    case Kind::kMax: {
      Greatest most;
      each(most, [&](const Greatest& bucket) { most.value = std::max(most.value, bucket.value); });
      return or_none(std::isfinite(most.value), most.value);
    }
    case Kind::kVariance: {
      Variance all;
      each(all, [&](const Variance& bucket) { merge(all, bucket); });
      return or_none(all.count > 0, std::sqrt(all.squares / all.count));
    }
    case Kind::kLast: {
      Last last;
      each(last, [&](const Last& bucket) { last = bucket; });
      return or_none(last.t != kLongAgo, last.value);
    }
    case Kind::kSketch:
      sketches_.clear();
      each(core::Sketch{}, [&](const core::Sketch& bucket) { sketches_.add(bucket); });
      return sketches_.empty() ? of_none(aggregate) : number(sketches_.quantile(quantile));
    case Kind::kDistinct:
      different_.clear();
      each(Distinct{}, [&](const Distinct& bucket) { different_.add(bucket); });
      return number(different_.count());
    case Kind::kNew:
    case Kind::kChanged:
      break;
  }
  return condition(false);
}

std::int64_t Series::next_change(std::uint32_t cell, std::int64_t end, std::int64_t buckets) const {
  return std::visit(
      [&](const auto& all) {
        if constexpr (requires { all[cell].next_change(end, buckets); })
          return all[cell].next_change(end, buckets);
        else
          return kNoBucket;
      },
      cells_);
}

bool Series::empty(std::uint32_t cell) const {
  return std::visit(
      [&](const auto& all) {
        if constexpr (requires { all[cell].empty(); })
          return all[cell].empty();
        else
          return true;
      },
      cells_);
}

std::size_t Series::bytes() const {
  std::size_t total = 0;
  const auto of_bucket = [&](const auto& bucket) {
    if constexpr (requires { bucket.bytes(); }) total += bucket.bytes();
  };
  std::visit(
      [&](const auto& all) {
        total += all.capacity() * sizeof(all.front());
        for (const auto& cell : all) {
          if constexpr (requires { cell.bytes(); }) total += cell.bytes();
          if constexpr (requires { cell.each_numbered([](auto, const auto&) {}); })
            cell.each_numbered([&](auto, const auto& bucket) { of_bucket(bucket); });
        }
      },
      cells_);
  return total;
}

}  // namespace kcloud::rules
