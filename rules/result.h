// What a part of an expression is at an evaluation: a number, or missing for a reason. Conditions
// are 1 or 0; a missing one is Kleene's unknown.
#pragma once

#include <cmath>
#include <cstdint>
#include <string_view>

namespace kcloud::rules {

enum class Missing : std::uint8_t {
  kNo,
  kNoEvents,
  kDivisionByZero,
  kNotFinite,
  kWarmingUp,
  kNoDeviation
};
std::string_view to_string(Missing missing);  // kNo: empty

struct Result {
  double number = 0;
  Missing missing = Missing::kNo;

  bool is_true() const { return missing == Missing::kNo && number != 0; }
  bool is_false() const { return missing == Missing::kNo && number == 0; }
};

inline Result missing(Missing why) { return {0, why}; }
inline Result condition(bool holds) { return {holds ? 1.0 : 0.0, Missing::kNo}; }
inline Result number(double value) {
  return std::isfinite(value) ? Result{value, Missing::kNo} : missing(Missing::kNotFinite);
}

}  // namespace kcloud::rules
