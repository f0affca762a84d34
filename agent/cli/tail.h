// `kcloud-logger tail`: the live stream on a terminal. Blocks until Ctrl-C or until standard output
// is closed; reconnects and continues where it was.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "agent/cli/address.h"

namespace kcloud::cli {

struct TailOptions {
  Address agent;
  std::string type, workload, cluster, source, severity, q;  // filters; empty: any
  std::string since;       // first the stored events since then, oldest first
  std::uint32_t last = 0;  // first the newest N stored events, oldest first
  bool json = false;       // the events as JSON, one a line
};

// `?type=…&q=…` of the filters and `extra` parameters, encoded; empty when there are none.
std::string query_string(const TailOptions& options,
                         std::initializer_list<std::pair<const char*, std::string>> extra = {});
// The elements' text of a page's `"events":[…]`, as they were sent.
std::string_view events_of_page(std::string_view page);

// 0: ended by Ctrl-C; 1: nobody answers, or refused.
int tail(const TailOptions& options);

}  // namespace kcloud::cli
