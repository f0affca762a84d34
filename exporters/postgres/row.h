// An event as a row of COPY into audit_event. Pure.
#pragma once

#include <cstdint>
#include <string>

#include "core/event.h"
#include "core/seal.h"
#include "exporters/postgres/binary.h"
#include "exporters/postgres/layout.h"

namespace kcloud::postgres {

// Text that cannot be stored, or is too long for an index, is NULL, with a note in column_errors:
// `source: not storable as text, bytes 6100`. `typed` false: every typed column is NULL, as the
// server refused one of them.
void append_row(const core::Event& event, const core::Seal& seal, const Layout& layout, bool typed,
                CopyRows& rows);

std::string copy_statement(const Layout& layout);

}  // namespace kcloud::postgres
