// One event as a row of a report: who, what, when, where, why, with which outcome. Pure.
#pragma once

#include <string_view>

#include "core/event.h"

namespace kcloud::report {

// A text that may be JSON already.
struct Value {
  std::string_view text;
  bool json = false;
};

// Texts are empty where the event says nothing.
struct Row {
  core::Time time;
  core::EventId id;
  std::string_view type, action, target;       // what
  std::string_view actor;                      // who
  std::string_view cluster, workload, source;  // where
  std::string_view reason, outcome;
  Value before, after;
  std::string_view agent;  // that stored it first
};

// Of an event whose fields are decoded. Of a type that is not in the catalogue the members of the
// body count that have the names of the columns. Views are valid as long as the batch.
Row row_of(const core::Event& event, core::EventBatch& batch);

}  // namespace kcloud::report
