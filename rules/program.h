// A rule's expression, made ready for evaluation: its parts in one list, operands before what they
// are part of, and the windows that they look at. Pure.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "rules/rule.h"
#include "rules/time.h"

namespace kcloud::rules {

class Series;

// An aggregate or event condition of an expression: where it looks.
struct Use {
  const Expr* expr = nullptr;
  std::size_t feed = 0;                    // among the rule's feeds
  Series* series = nullptr;                // nullptr: a bare selector
  const std::uint64_t* matched = nullptr;  // the newest event that matched its selector
  Ms window = 0;
  Ms offset = 0;
  std::int64_t buckets = 0;  // 0: no window that is looked into at a time
  Ms bucket = 1;             // their length
  Ms deepest = 0;            // how much earlier than now it is asked for at most, offset included

  bool has_buckets() const { return buckets > 0; }
  // Of the buckets, when asked at `time` (`back` earlier and so many windows); on arrival the one
  // that holds the time is the last of them.
  std::int64_t end(Ms time, bool arrival) const {
    return floor_div(time, bucket) + (arrival ? 1 : 0);
  }
  // Where what it looks at, asked at the tick `now`, begins at the earliest.
  Ms horizon(Ms now) const;
};

struct Node {
  const Expr* expr = nullptr;
  int left = -1, right = -1;       // operands; -1: none
  int use = -1;                    // aggregates and events
  int uses_from = 0, uses_to = 0;  // those in it
  Ms longest = 0;                  // kBaseline, kZscore: their step, the longest window in them
};

struct Program {
  std::vector<Node> nodes;  // the last is the whole
  std::vector<Use> uses;
  int compared = -1;  // the left side of the first comparison
  Ms reach = 0;       // the longest
  bool eager = false;
  bool on_event = false;  // has an event condition
  bool has_windows = false;

  bool empty() const { return nodes.empty(); }
};

// Buckets of a window.
std::int64_t buckets_of(Aggregate aggregate);
Ms bucket_length(Aggregate aggregate, Ms window);

bool is_event_condition(const Expr& expr);

// Feeds and series of the uses are left to the caller.
Program compile(const Expr& expr);

}  // namespace kcloud::rules
