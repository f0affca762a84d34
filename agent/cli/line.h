// An event of the HTTP contract as one readable line: time, type, workload → cluster, figures,
// reason. Pure. Control characters of a publisher's text never reach the terminal.
#pragma once

#include <string>
#include <string_view>

namespace kcloud::cli {

std::string event_line(std::string_view event_json, bool colours);

// `text` without control characters (C0, DEL, C1): each becomes a space.
std::string printable(std::string_view text);

}  // namespace kcloud::cli
