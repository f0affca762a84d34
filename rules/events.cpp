#include "rules/events.h"

#include "rules/selector_parser.h"

namespace kcloud::rules {

std::optional<Selector> parse_events(const config::Text& text, const std::string& file,
                                     const core::Catalogue& catalogue, config::Problems& problems) {
  const std::size_t had = problems.size();
  const LoadOptions options;
  Scope scope{catalogue, options, file, problems};
  Budget budget;
  auto selector = parse_event_selector(text, scope, budget);
  return problems.size() == had ? std::move(selector) : std::nullopt;
}

}  // namespace kcloud::rules
