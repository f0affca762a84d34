// The events of all agents, as PostgreSQL has them: listings in the journal's order, with its
// answers (event_sql.h says what differs).
//
// Of an event there is what the journal's reader fills, without `seq`, `via`, `keyed`,
// `zone_assumed` and `time_source`, which are not stored there. Each call's statements see what was
// committed before them. Every call throws postgres::Error.
#pragma once

#include <functional>
#include <string>

#include "agent/journal/reader.h"
#include "core/event.h"
#include "exporters/postgres/connection.h"

namespace kcloud::fleet {

class EventTable {
 public:
  explicit EventTable(postgres::Connection& connection) : connection_(connection) {}

  // `next` only when another event follows; `work_limit` is not looked at, a statement's timeout is
  // the connection's.
  journal::Page page(const journal::Query& query);

  // False when unknown, or no longer kept. Appends to `batch`.
  bool find(const core::EventId& id, core::EventBatch& batch);

  // All events of a type in [from, to), the oldest first, in batches; every type when `type` is
  // empty. A batch ends at 1,000 events or 16 MiB of bodies and is `take`'s to keep.
  void events(const std::string& type, core::Time from, core::Time to,
              const std::function<void(core::EventBatch&)>& take);

 private:
  postgres::Connection& connection_;
};

}  // namespace kcloud::fleet
