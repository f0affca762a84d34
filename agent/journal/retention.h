// Retention in bounded slices: each call does a little inside the writer's open transaction, so
// that ingest never waits for a long delete.
#pragma once

#include <cstdint>

#include "agent/journal/store.h"

namespace kcloud::journal {

struct RetentionLimits {
  std::uint64_t max_bytes = 0;
  std::int64_t oldest_received = 0;  // events received before this (ns) expire
  std::int64_t oldest_seen_received =
      0;                   // seen days last touched before this (ns) and keyed ids go
  std::int64_t today = 0;  // UTC day; its seen table and younger ones never expire by age
  std::uint32_t max_dead_letters = 0;
  std::int64_t oldest_letter = 0;  // dead letters received before this (ns) go
  std::uint32_t max_notifications = 0;
  std::int64_t oldest_notification = 0;  // those created before this (ns) go
  std::uint64_t keep_after = 0;          // a required cursor stands here: events behind it stay
};

struct RetentionWork {
  std::uint64_t expired = 0;  // events removed by age
  std::uint64_t evicted = 0;  // events removed by size
  std::uint64_t dead_letters_dropped = 0;
  std::uint64_t seen_dropped = 0;
  bool more = false;        // call again soon
  bool over_limit = false;  // over max_bytes and nothing may be removed
  std::uint64_t bytes = 0;  // used by the database
};

// One slice: at most `slice` events, ids and letters each.
RetentionWork retain(Store& store, const RetentionLimits& limits, std::uint32_t slice);

std::uint64_t used_bytes(Database& db);

}  // namespace kcloud::journal
