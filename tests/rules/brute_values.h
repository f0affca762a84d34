// What filters, windows and expressions are by docs/rules-semantics.md, computed anew from a list
// of events each time. Shares no code with rules/: slow, and meant to be read beside that page.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "core/event.h"
#include "rules/rule.h"

namespace kcloud::rules::brute {

using Ms = std::int64_t;  // since 1970, or a length

// "Times are whole milliseconds (rounded down)"; "more than 1 minute after `received` counts as
// `received`".
Ms time_of(const core::Event& event);

Literal read(const FieldRef& field, const core::Event& event);  // monostate: absent
std::string by_text(const FieldRef& field, const core::Event& event);
bool holds(const Filter& filter, const core::Event& event);
bool matches(const Selector& selector, const core::Event& event);  // type and filter

// An event of a group that a selector of the rule matched.
struct Hit {
  Ms t = 0;
  std::size_t order = 0;  // of arrival, over all events
  const core::Event* event = nullptr;
};

// All that an evaluation may look at.
struct View {
  const std::vector<Hit>* hits = nullptr;  // of the group, as they came
  Ms begin = 0;                            // of the engine
  Ms now = 0;  // the tick T, or on arrival the later of a and the newest tick
  const core::Event* arriving = nullptr;                // nullptr: at a tick
  std::optional<Ms> first_t() const, newest_t() const;  // the group's
};

using Number = std::optional<double>;  // nullopt: missing
enum class Truth : std::uint8_t { kFalse, kUnknown, kTrue };

Number number(const Expr& expr, const View& view);
Truth condition(const Expr& expr, const View& view);
// The value of an alert; nullopt also when there is no comparison.
Number left_of_first_comparison(const Expr& expr, const View& view);

struct Span {
  Ms from = 0, to = 0;  // [from, to)
};
Span window(const Expr& aggregate, const View& view, Ms earlier);

bool is_event_condition(const Expr& expr);  // itself, not what is in it
bool is_eager(const Expr& expr);
bool has_comparison(const Expr& expr);
void for_each(const Expr& expr, const std::function<void(const Expr&)>& visit);
// How far back any window of it looks, its own length included.
Ms reach(const Expr& expr);
// Where its windows begin at the earliest at the tick `now`; nullopt: it has none.
std::optional<Ms> horizon(const Expr& expr, Ms now);
// When the buckets that hold `t` are over in all of its windows.
Ms buckets_over(const Expr& expr, Ms t);

}  // namespace kcloud::rules::brute
