// Pages of events as JSON, NDJSON or CSV. Pure.
#pragma once

#include <string>
#include <string_view>

#include "agent/api/event_query.h"
#include "core/decode.h"

namespace kcloud::api {

struct Rendered {
  std::string_view content_type;
  std::string body;
  std::string next;  // cursor of the next page; empty: the end was reached
};

// `{"events":[…],"next":…}` (with `scanned_until` when the scan stopped early), an event a line, or
// a header line and a row an event. A body is cut at about `max_bytes`; `next` then goes on there.
Rendered render_page(journal::Page& page, const EventQuery& query, std::string_view epoch,
                     core::Decoder& decoder, std::size_t max_bytes = 32 << 20);

}  // namespace kcloud::api
