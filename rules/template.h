// Texts with `{{ $value | humanize }}` in them. Internal to rules/; render.h puts the values in.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "rules/scope.h"

namespace kcloud::rules {

// What a template may name.
struct TemplateNames {
  std::vector<std::string> labels;                  // `$labels.x`
  std::vector<const core::EventType*> event_types;  // `$event.x`: a field of one of them
};

// nullopt when something is wrong with it; the problem goes to the scope.
std::optional<Template> parse_template(const config::Text& text, const TemplateNames& names,
                                       Scope& scope);

}  // namespace kcloud::rules
