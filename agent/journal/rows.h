// From rows of `events` to events: shared by everything that reads the journal.
#pragma once

#include <string>

#include "agent/journal/schema.h"
#include "agent/journal/sqlite.h"
#include "core/event.h"
#include "core/sha256.h"

namespace kcloud::journal {

// A select over `events` in kEventColumns order, with the clauses of `rest`.
std::string select_events(Database& db, const std::string& rest);

// Appends the statement's current row (columns in kEventColumns order) with its texts and body
// copied into the batch.
void append_row(const Statement& row, core::EventBatch& batch);

// Whether the current row is what was written; `hasher` and `scratch` are reused between calls.
bool is_intact(const Statement& row, core::Sha256Hasher& hasher, core::EventBatch& scratch);

// The row's place in (time, id) order and the columns filters look at; views are valid until the
// next step.
struct RowView {
  std::uint64_t seq;
  std::int64_t time;
  std::int64_t received;
  std::string_view id, type, source, workload, cluster, severity, body;
};
RowView view_row(const Statement& row);

}  // namespace kcloud::journal
