// Finding events in a damaged database, page by page, without its B-tree: every leaf page of the
// database and of its WAL is looked at, and each record that has the columns of `events` and a body
// that matches its checksum is an event. Format: https://www.sqlite.org/fileformat2.html (1.6
// B-tree pages, 2.1 record format, 4.1 WAL).
#pragma once

#include <functional>
#include <string>

#include "core/event.h"

namespace kcloud::journal {

struct ScanResult {
  std::uint64_t pages = 0;
  std::uint64_t events = 0;  // handed on; several versions of one page hand on the same event again
  std::uint64_t bad_checksums = 0;  // looked like an event, its body did not match
};

// Calls `found` for each event; its views are valid during the call only. Missing files are empty
// ones.
ScanResult scan_pages(const std::string& database, const std::string& wal,
                      const std::function<void(const core::Event&)>& found);

}  // namespace kcloud::journal
