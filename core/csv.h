// Writing CSV by appending to a string.
#pragma once

#include <string>
#include <string_view>

namespace kcloud::core {

// A CSV cell (RFC 4180). A text that a spreadsheet would take for a formula gets a leading `'`.
void append_csv_cell(std::string& out, std::string_view text);

}  // namespace kcloud::core
