// Whether an expression has a sense: numbers and conditions where they belong, nothing that is
// always or never true, nothing that looks further back than is kept. Internal to rules/.
#pragma once

#include <functional>

#include "rules/scope.h"

namespace kcloud::rules {

// The problems go to the scope.
void check_condition(const Expr& expr, Scope& scope);

void for_each(const Expr& expr, const std::function<void(const Expr&)>& visit);

// Has a bare selector, `new` or `changed`: it is about the event that arrives.
bool has_event_condition(const Expr& expr);
bool has_absent(const Expr& expr);

}  // namespace kcloud::rules
