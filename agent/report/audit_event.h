// The event that says that a report was asked for: by whom, of what. Pure but for the decoder.
#pragma once

#include <string_view>

#include "agent/report/request.h"
#include "core/decode.h"

namespace kcloud::report {

// Appends an event `agent_audit`, action `report_exported`, to the batch. `agent` outlives it.
// Throws std::runtime_error when the catalogue refuses it.
void append_audit_event(const Request& request, std::string_view by, std::string_view agent,
                        core::Time now, core::Decoder& decoder, core::EventBatch& batch);

}  // namespace kcloud::report
