// A selector of single events on its own, outside of a rule file.
#pragma once

#include <optional>
#include <string>

#include "config/text.h"
#include "config/yaml.h"
#include "core/catalogue.h"
#include "rules/rule.h"

namespace kcloud::rules {

// `type` or `type{filter}`. nullopt: what is wrong went to `problems`, at its place in `file`. The
// catalogue outlives the selector.
std::optional<Selector> parse_events(const config::Text& text, const std::string& file,
                                     const core::Catalogue& catalogue, config::Problems& problems);

}  // namespace kcloud::rules
