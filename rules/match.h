// Whether an event passes a filter. Pure; docs/rules-semantics.md, "Filters".
#pragma once

#include "core/event.h"
#include "rules/rule.h"

namespace kcloud::rules {

bool passes(const Filter& filter, const core::Event& event);

}  // namespace kcloud::rules
