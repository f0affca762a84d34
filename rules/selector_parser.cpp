#include "rules/selector_parser.h"

#include <fmt/format.h>

#include <utility>

#include "config/suggest.h"
#include "rules/canonical.h"
#include "rules/filter_parser.h"

namespace kcloud::rules {
namespace {

// Shorter ones have no sixtieth part of a millisecond's accuracy to work with.
constexpr Duration kShortestWindow = std::chrono::seconds(1);

const core::EventType* find_type(Cursor& cursor, const Token& name) {
  const core::Catalogue& catalogue = cursor.scope().catalogue;
  const core::EventType* type = catalogue.find(name.text);
  if (type && !type->reserved) return type;
  if (type) {
    cursor.problem(name.begin, fmt::format("'{}' events are the agent's own: rules do not see them",
                                           name.text));
    return nullptr;
  }
  std::vector<std::string> names;
  for (const auto& known : catalogue.types())
    if (!known.reserved) names.push_back(known.name);
  const core::EventType* by_alias = catalogue.find_endpoint(name.text);
  const std::string near = by_alias ? fmt::format(" (did you mean '{}'?)", by_alias->name)
                                    : config::did_you_mean(name.text, names);
  cursor.problem(name.begin,
                 fmt::format("unknown event type '{}'{}", name.text,
                             near.empty() ? "; there are " + config::joined(names) : near));
  return nullptr;
}

Duration take_duration(Cursor& cursor) {
  if (cursor.peek().kind != Token::Kind::kDuration)
    cursor.fail_expecting("a duration (30s, 5m, 1h30m)");
  return cursor.take().duration;
}

void take_window(Cursor& cursor, WrittenSelector& out) {
  out.window = cursor.take().begin;
  const std::size_t at = cursor.peek().begin;
  const Duration window = take_duration(cursor);
  cursor.expect("]");
  const Duration longest = cursor.scope().options.longest_window;
  if (window < kShortestWindow)
    cursor.problem(at, fmt::format("a window is at least {}", to_string(kShortestWindow)));
  else if (window > longest)
    cursor.problem(at, fmt::format("a window of {} is longer than the {} that rules look back",
                                   to_string(window), to_string(longest)));
  out.selector.window = window;
}

}  // namespace

WrittenSelector parse_selector(Cursor& cursor) {
  if (cursor.peek().kind != Token::Kind::kName) cursor.fail_expecting("an event type");
  WrittenSelector out;
  const Token name = cursor.take();
  Selector& selector = out.selector;
  out.begin = name.begin;
  selector.place = cursor.place(name.begin);
  selector.type = find_type(cursor, name);
  if (cursor.accept(".")) {
    if (cursor.peek().kind != Token::Kind::kName) cursor.fail_expecting("a field");
    const Token field = cursor.take();
    out.field = field.begin;
    if (selector.type) selector.field = find_field(*selector.type, field.text);
    if (selector.type && !selector.field)
      cursor.problem(field.begin, no_field(*selector.type, field.text));
  }
  if (cursor.accept("{") && !cursor.accept("}")) {
    cursor.budget().conditions = 0;
    selector.filter = parse_filter(cursor, selector.type);
    if (!cursor.accept("}")) cursor.fail_expecting("'}', ',', `and` or `or`");
  }
  if (cursor.peek().is("."))
    cursor.fail(cursor.peek().begin, "the field comes before the braces: type.field{…}");
  if (cursor.peek().is("[")) take_window(cursor, out);
  if (cursor.peek().is("offset") && cursor.peek(1).kind != Token::Kind::kSymbol) {
    out.offset = cursor.take().begin;
    selector.offset = take_duration(cursor);
  }
  if (cursor.peek().is("[") || cursor.peek().is("{"))
    cursor.fail(cursor.peek().begin,
                "the order is type.field{filter}[window] offset duration, each once");
  return out;
}

std::optional<Superfluous> beyond_event(const WrittenSelector& selector) {
  if (selector.field) return Superfluous{*selector.field, "a field"};
  if (selector.window) return Superfluous{*selector.window, "a window"};
  if (selector.offset) return Superfluous{*selector.offset, "an offset"};
  return std::nullopt;
}

std::optional<Selector> parse_event_selector(const config::Text& text, Scope& scope,
                                             Budget& budget) {
  Cursor cursor(text, scope, budget);
  try {
    WrittenSelector written = parse_selector(cursor);
    if (cursor.peek().kind != Token::Kind::kEnd) cursor.fail_expecting("the end");
    if (const auto part = beyond_event(written))
      cursor.problem(part->at,
                     fmt::format("{} has no place here: this selects single events", part->part));
    return std::move(written.selector);
  } catch (const SyntaxError& error) {
    cursor.problem(error.at, error.message);
    return std::nullopt;
  }
}

}  // namespace kcloud::rules
