// Instants and durations of the event stream: UTC, nanoseconds since 1970-01-01T00:00:00Z.
//
// Parsing and formatting are pure; the current time comes in through `Clock`, so that tests move it
// by hand. Leap seconds: `:60` is read as the first instant of the next minute, as POSIX time has
// no name for it.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

namespace kcloud::core {

using Time = std::chrono::time_point<std::chrono::system_clock, std::chrono::nanoseconds>;

// Wall clock as an interface: the system's in production, a hand-moved one in tests.
class Clock {
 public:
  virtual ~Clock() = default;
  virtual Time now() const = 0;
};

class SystemClock final : public Clock {
 public:
  Time now() const override;
};

// An IANA time zone, looked up once. Used for timestamps that name no offset.
class Zone {
 public:
  // Throws std::invalid_argument naming the zone when the system's tz database does not know it.
  explicit Zone(std::string_view name);
  Zone() : Zone("UTC") {}

  const std::string& name() const { return name_; }
  // A local time that a DST change skips is moved forward by the gap; one that occurs twice is the
  // earlier.
  Time to_utc(std::chrono::nanoseconds local_since_epoch) const;
  // Local time minus UTC.
  std::chrono::seconds offset_at(Time time) const;
  // The beginnings of the local day that the time lies in, and of the next one.
  std::pair<Time, Time> day_of(Time time) const;

 private:
  std::string name_;
  const void* zone_;  // date::time_zone; the tz database outlives the process's use of it
};

struct ParsedTime {
  Time time;
  bool zone_assumed = false;  // the text named no offset, the default zone was applied
};

// RFC 3339 / ISO 8601 (`2025-01-15T10:30:00.123Z`, `+09:00`, `+0900`, a space for the `T`, no
// zone), or epoch digits as text. nullopt for anything else and for instants outside 1970-01-01 ..
// 2261-12-31.
std::optional<ParsedTime> parse_time(std::string_view text, const Zone& default_zone);

// An epoch number whose unit is told by its size: s (< 1e11), ms (< 1e14), µs (< 1e17), ns.
std::optional<Time> time_from_epoch(double value);
std::optional<Time> time_from_epoch(std::int64_t value);

// `2025-01-15T10:30:00Z`, with 3, 6 or 9 fractional digits when there is a fraction.
std::string format_time(Time time);
void append_time(std::string& out, Time time);

inline std::int64_t to_nanos(Time time) { return time.time_since_epoch().count(); }
inline Time from_nanos(std::int64_t nanos) { return Time(std::chrono::nanoseconds(nanos)); }

// `150ms`, `30s`, `5m`, `24h`, `7d`, `2w`, also joined: `1h30m`. nullopt when it is none or
// overflows.
std::optional<std::chrono::nanoseconds> parse_duration(std::string_view text);

}  // namespace kcloud::core
