// The parts of the HTML page around its rows, each as a piece of HTML. Pure.
#pragma once

#include <string>

#include "agent/report/summary.h"
#include "agent/report/texts.h"

namespace kcloud::report {

// `2025-01-15 19:30:00.123` in the zone; no part of a millisecond.
std::string local_time(core::Time time, const core::Zone& zone);

// From the doctype to what the report is of.
void append_opening(std::string& out, const Head& head);
// Verdict, figures, charts, gaps, retention.
void append_overview(std::string& out, const Head& head, const Summary& summary,
                     const Integrity& integrity);
// Chains, checkpoints, findings, how to verify.
void append_proof(std::string& out, const Head& head, const Integrity& integrity);

}  // namespace kcloud::report
