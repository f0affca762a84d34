// The parameters of GET /events and of the live stream: text to a journal query, or what is wrong
// with it. Pure.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "agent/http/url.h"
#include "agent/journal/reader.h"
#include "core/catalogue.h"
#include "core/time.h"

namespace kcloud::api {

enum class Format : std::uint8_t { kJson, kNdjson, kCsv };

// Which of the parameters a route knows beside the filters.
enum class QueryKind : std::uint8_t { kList, kListOfType, kListOfWorkload, kStream };

struct EventQuery {
  journal::Query query;
  Format format = Format::kJson;
  std::string last_event_id;  // streams only
  std::string error;          // not empty: a sentence for a 400
};

// `now` is what relative times (`-24h`, `now`, `now-1h`) start from; `zone` applies to times
// without an offset. A type's alias stands for the type.
EventQuery parse_event_query(const http::Parameters& parameters, QueryKind kind, core::Time now,
                             const core::Zone& zone, const core::Catalogue& catalogue);

// RFC 3339, epoch, `now`, `-24h`, `+5m`, `now-1h`; also an offset whose `+` became a blank.
std::optional<core::Time> parse_query_time(std::string_view text, core::Time now,
                                           const core::Zone& zone);

// A place in a listing as opaque text.
std::string encode_cursor(const journal::PageKey& key, journal::Order order);
struct Cursor {
  journal::PageKey key;
  journal::Order order;
};
std::optional<Cursor> decode_cursor(std::string_view text);

// `<epoch>-<seq>`.
struct Position {
  std::string epoch;
  std::uint64_t seq = 0;
};
std::string format_position(std::string_view epoch, std::uint64_t seq);
std::optional<Position> parse_position(std::string_view text);

}  // namespace kcloud::api
