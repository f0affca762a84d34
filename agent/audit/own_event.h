// What is done to or by this agent, as an event among the others: `agent_audit`.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "core/catalogue.h"
#include "core/collector.h"
#include "core/decode.h"
#include "core/event.h"
#include "core/time.h"

namespace kcloud::audit {

struct OwnEvent {
  std::string_view action;  // report_exported, agent_started, …
  std::string actor;        // who; empty: nobody is known
  std::string target;       // what it was done to
  std::string detail = {};  // a JSON object; empty: none
};

// The user that this process runs as.
std::string process_user();

// Appends it to the batch; `agent` outlives that. Throws std::runtime_error when the catalogue
// refuses it.
void append_own_event(const OwnEvent& event, std::string_view agent, core::Time now,
                      core::Decoder& decoder, core::EventBatch& batch);

// Stores it, and calls `done` when it is on disk, on the journal's thread; or at once. What cannot
// be stored is told in the log: what was done is done.
void store_own_event(const OwnEvent& event, const std::string& agent, core::Time now,
                     const core::Catalogue& catalogue, core::EventSink& sink,
                     const std::function<void()>& done);
// Waits for it.
void store_own_event(const OwnEvent& event, const std::string& agent, core::Time now,
                     const core::Catalogue& catalogue, core::EventSink& sink);

}  // namespace kcloud::audit
