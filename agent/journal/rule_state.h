// What the rules loop keeps in the journal, beside its events (docs/decisions/0016-rule-state.md).
// Plain values.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "agent/journal/notification.h"
#include "core/collector.h"
#include "core/time.h"

namespace kcloud::journal {

// Events up to `seq` were looked at, then the event time of the rules came to `frontier`.
struct RuleStep {
  std::uint64_t number = 0;  // ascending
  std::uint64_t seq = 0;
  core::Time frontier;
};

// One commit of the rules loop: its transitions as events, who is told of them, how far it is. What
// belongs to an event that is known already is left out.
struct RuleCommit {
  struct Change {
    std::size_t event = 0;  // into `transitions`
    std::string fingerprint;
    bool firing = false;  // else resolved
  };
  struct Told {
    std::size_t event = 0;
    Notice notice;
  };
  std::unique_ptr<core::Intake> transitions;
  std::vector<Change> changes;
  std::vector<Told> notices;
  std::vector<RuleStep> steps;
  std::uint64_t forget_steps = 0;  // up to this number
  std::string cursor;
  std::uint64_t seq = 0;
};

// A time in which some alerts are not told.
struct Silence {
  std::string id;
  core::Time starts, ends;
  std::string body;  // JSON: matchers, comment, who made it
};

}  // namespace kcloud::journal
