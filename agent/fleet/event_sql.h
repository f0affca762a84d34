// Event listings as SQL on the tables of the PostgreSQL exporter
// (exporters/postgres/migrations.cpp). Pure.
//
// On the same events the answers are the journal's, but for what the rows do not hold. `received`
// is in whole microseconds, and so are the bounds on it. A text that is NULL, as it cannot be
// stored or is too long for an index (exporters/postgres/row.h), is empty and no filter finds it; a
// body with a NUL likewise.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "agent/journal/reader.h"
#include "core/event_id.h"
#include "exporters/postgres/connection.h"

namespace kcloud::fleet {

struct Statement {
  std::string text;
  std::vector<postgres::Parameter> parameters;  // $1, $2, …
};

// The columns of an event, in the order of every SELECT here. Times are `time_ns`, and `received`.
enum EventColumn : int {
  kId,
  kTime,
  kReceived,
  kType,
  kSource,
  kWorkload,
  kCluster,
  kSeverity,
  kCollector,
  kAgent,
  kBody
};

// The page's events in their order and one more, when there is one. Behind the event that reaches
// `max_bytes` they come without their bodies. Every bound on the place in (time, id) order is one
// on `time` too, so that an index serves it: by type or workload when they are given.
Statement select_page(const journal::Query& query);

// The day of the event's partition, then the event of that day.
Statement select_day(const core::EventId& id);
Statement select_event(const core::EventId& id, std::int32_t day);

}  // namespace kcloud::fleet
