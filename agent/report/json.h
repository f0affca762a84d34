// The parts of a report as JSON, without the braces around them: for JSON, JSON Lines and, member
// by member, CSV. Pure.
#pragma once

#include <string>

#include "agent/report/row.h"
#include "agent/report/summary.h"

namespace kcloud::report {

void append_head(std::string& out, const Head& head);
void append_row(std::string& out, const Row& row);
void append_summary(std::string& out, const Summary& summary);
void append_integrity(std::string& out, const Integrity& integrity);

}  // namespace kcloud::report
