// `type.field{filter}[window] offset 1d`. Internal to rules/.
#pragma once

#include <optional>

#include "rules/cursor.h"

namespace kcloud::rules {

// A selector and where its parts stand, for complaints about those that should not be there.
struct WrittenSelector {
  Selector selector;  // without `by` and text
  std::size_t begin = 0;
  std::optional<std::size_t> field, window, offset;
};

// Throws SyntaxError; an unknown type or field is a problem and left out.
WrittenSelector parse_selector(Cursor& cursor);

// What a selector may not have where it stands; empty: all is right.
struct Superfluous {
  std::size_t at = 0;
  std::string part;  // `a window`, …
};
std::optional<Superfluous> beyond_event(const WrittenSelector& selector);

// A text that is one bare selector: a step of a sequence, a part of an objective. nullopt when its
// grammar is broken.
std::optional<Selector> parse_event_selector(const config::Text& text, Scope& scope,
                                             Budget& budget);

}  // namespace kcloud::rules
