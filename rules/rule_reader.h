// One entry under `rules:` of a rule file. Internal to rules/.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "config/yaml.h"
#include "rules/scope.h"

namespace kcloud::rules {

using WrittenTexts = std::vector<std::pair<std::string, config::Text>>;  // key and template

// `labels` and `annotations`, in file order.
WrittenTexts read_texts(config::Section& section, std::string_view key);

// A rule; an `slo` gives two. The problems go to the scope; with one, what is returned is of no
// use.
std::vector<Rule> read_rule(config::Section& section, const WrittenTexts& group_labels,
                            Scope& scope);

// Complains at `text` when it is no name of a group or alert: printable, at most 100 bytes, no `/`.
void check_name(const config::Text& text, Scope& scope);

}  // namespace kcloud::rules
