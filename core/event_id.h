// The identity of an event: UUIDv8 (RFC 9562), 48 bits of event-time milliseconds, then 74 bits of
// a SHA-256.
//
// The same event has the same id in whichever agent and however often it arrives; ids sort by event
// time.
#pragma once

#include <array>
#include <compare>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "core/time.h"

namespace kcloud::core {

using Sha256 = std::array<std::uint8_t, 32>;

struct EventId {
  std::array<std::uint8_t, 16> bytes{};

  auto operator<=>(const EventId&) const = default;
  std::int64_t unix_ms() const;  // the event time's milliseconds
  std::string_view view() const {
    return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
  }
};

Sha256 sha256(std::string_view data);

// Id from the event's time and the digest of its key. Times before 1970 are not representable (see
// parse_time).
EventId make_event_id(Time time, const Sha256& key_digest);

// The digest of a key with its kind in front, so that keys of different kinds never meet:
// SHA-256(kind ‖ 0x00 ‖ key).
Sha256 key_digest(std::string_view kind, std::string_view key);

std::string to_string(const EventId& id);  // lower-case 8-4-4-4-12
void append_id(std::string& out, const EventId& id);
std::optional<EventId> parse_event_id(std::string_view text);
EventId event_id_from_bytes(std::string_view sixteen_bytes);

}  // namespace kcloud::core
