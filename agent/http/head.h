// Response heads as text. Pure.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "agent/http/message.h"

namespace kcloud::http {

enum class Framing : std::uint8_t { kLength, kChunked, kUntilClose };

// Appends status line and header fields with the blank line. `date`: IMF-fixdate.
void append_head(std::string& out, const Response& response, Framing framing, bool close,
                 bool old_client, std::string_view date);

// `Sun, 06 Nov 1994 08:49:37 GMT` (RFC 9110, 5.6.7).
std::string imf_date(std::int64_t unix_seconds);

}  // namespace kcloud::http
