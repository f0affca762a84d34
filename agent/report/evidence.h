// What a report says beside its rows, told by the store that has the rows: this agent's journal, or
// the database of all agents (agent/fleet/).
//
// One thread at a time. Every call reads and may block; a long one looks at `stopping` now and then
// and throws Stopped. std::runtime_error: the store cannot be read.
#pragma once

#include <exception>
#include <functional>

#include "agent/report/summary.h"

namespace kcloud::report {

// `stopping` was true on the way.
class Stopped : public std::exception {};

using Stopping = std::function<bool()>;

class Evidence {
 public:
  virtual ~Evidence() = default;
  // When batches were sealed, chain by chain, each finished.
  virtual void read_gaps(const Head& head, Gaps& gaps, const Stopping& stopping) = 0;
  // What is kept, and what was refused or removed.
  virtual Kept read_kept(const Head& head, const Stopping& stopping) = 0;
  // Whether the store still holds what was sealed. Batches sealed from the period's beginning on
  // are read event by event, the links of all are checked.
  virtual Integrity verify(const Head& head, const Stopping& stopping) = 0;
};

}  // namespace kcloud::report
