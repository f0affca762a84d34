// An alert's transition as an event of the reserved type `alert_transition`, and back. Pure.
//
// Its id follows from fingerprint, start and state: said twice, it is one event.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "core/decode.h"
#include "core/event.h"
#include "rules/alert.h"

namespace kcloud::alerting {

// The body: `timestamp`, `rule`, `rule_group`, `state`, `severity`, `value`, `fingerprint`,
// `labels`, `annotations`, `starts_at`, `ends_at`, `count`, `evidence` (ids), `why`,
// `reason_of_end`, `actor`.
std::string transition_body(const rules::Transition& transition);
// What such a body says; nullopt: it is none.
std::optional<rules::Transition> parse_transition(std::string_view body);

// The members that say all of an alert, behind an open `{`.
void append_alert(std::string& out, const rules::Alert& alert);
// The member `why`, likewise.
void append_why(std::string& out, const std::vector<rules::SubValue>& why);

// `fingerprint/starts_at/state`.
std::string transition_key(const rules::Transition& transition);

// Appends the event to the batch. `agent` outlives it. What the catalogue refuses is kept without
// its texts; false, and an error in the log: not even so.
bool append_transition(const rules::Transition& transition, core::Decoder& decoder,
                       std::string_view agent, core::Time received, core::EventBatch& batch);

}  // namespace kcloud::alerting
