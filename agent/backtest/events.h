// Stored events, read once from the oldest on.
#pragma once

#include <memory>

#include "agent/backtest/range.h"
#include "agent/journal/reader.h"
#include "core/catalogue.h"
#include "core/event.h"

namespace kcloud::backtest {

// With their fields, in the order in which they arrived, or where that is not known in the order of
// their time. One thread; calls block. Throws std::runtime_error with a hint.
class Events {
 public:
  virtual ~Events() = default;
  // False: there are no more. A batch may be empty.
  virtual bool next(core::EventBatch& batch) = 0;
};

// Those that a journal has of the range and that arrived before range.now. `reader` outlives it.
std::unique_ptr<Events> journal_events(journal::Reader& reader,
                                       std::shared_ptr<const core::Catalogue> catalogue,
                                       const Range& range);

}  // namespace kcloud::backtest
