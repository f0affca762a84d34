#include "rules/rule.h"

namespace kcloud::rules {

bool Expr::is_condition() const {
  switch (kind) {
    case Kind::kAggregate:
      return aggregate == Aggregate::kAbsent || aggregate == Aggregate::kNew ||
             aggregate == Aggregate::kChanged;
    case Kind::kNumber:
    case Kind::kBaseline:
    case Kind::kZscore:
    case Kind::kPrev:
    case Kind::kAbs:
    case Kind::kNegate:
    case Kind::kAdd:
    case Kind::kSubtract:
    case Kind::kMultiply:
    case Kind::kDivide:
    case Kind::kModulo:
      return false;
    default:
      return true;
  }
}

}  // namespace kcloud::rules
