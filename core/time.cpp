#include "core/time.h"

#include <date/tz.h>

#include <array>
#include <charconv>
#include <cmath>
#include <stdexcept>

namespace kcloud::core {

namespace {

using std::chrono::nanoseconds;
constexpr std::int64_t kNanosPerSecond = 1'000'000'000;
constexpr std::int64_t kMaxSeconds = 9'214'646'400;  // 2262-01-01T00:00:00Z, exclusive

// Reads exactly `count` digits at `at`; -1 when there are others.
int digits(std::string_view text, std::size_t at, std::size_t count) {
  if (at + count > text.size()) return -1;
  int value = 0;
  for (std::size_t i = at; i < at + count; ++i) {
    if (text[i] < '0' || text[i] > '9') return -1;
    value = value * 10 + (text[i] - '0');
  }
  return value;
}

std::optional<Time> checked(std::int64_t seconds, std::int64_t nanos) {
  if (seconds < 0 || seconds >= kMaxSeconds) return std::nullopt;
  return Time(nanoseconds(seconds * kNanosPerSecond + nanos));
}

struct Offset {
  bool present = false;
  std::int64_t seconds = 0;
};

// `Z`, `+09:00`, `+0900`, `+09` or nothing, to the end of the text.
std::optional<Offset> parse_offset(std::string_view text) {
  if (text.empty()) return Offset{};
  if (text == "Z" || text == "z") return Offset{true, 0};
  if (text[0] != '+' && text[0] != '-') return std::nullopt;
  const int hours = digits(text, 1, 2);
  int minutes = 0;
  if (text.size() == 6 && text[3] == ':') {
    minutes = digits(text, 4, 2);
  } else if (text.size() == 5) {
    minutes = digits(text, 3, 2);
  } else if (text.size() != 3) {
    return std::nullopt;
  }
  if (hours < 0 || hours > 23 || minutes < 0 || minutes > 59) return std::nullopt;
  const std::int64_t seconds = hours * 3600 + minutes * 60;
  return Offset{true, text[0] == '-' ? -seconds : seconds};
}

// Fraction digits after `at` (which stands on `.` or `,`), cut at nanoseconds. Moves `at` behind
// them.
std::optional<std::int64_t> parse_fraction(std::string_view text, std::size_t& at) {
  if (at >= text.size() || (text[at] != '.' && text[at] != ',')) return 0;
  std::int64_t nanos = 0;
  std::int64_t scale = kNanosPerSecond / 10;
  const std::size_t first = ++at;
  for (; at < text.size() && text[at] >= '0' && text[at] <= '9'; ++at) {
    nanos += (text[at] - '0') * scale;
    scale /= 10;
  }
  if (at == first) return std::nullopt;
  return nanos;
}

std::optional<ParsedTime> parse_calendar(std::string_view text, const Zone& zone) {
  const int year = digits(text, 0, 4);
  const int month = digits(text, 5, 2);
  const int day = digits(text, 8, 2);
  const int hour = digits(text, 11, 2);
  const int minute = digits(text, 14, 2);
  if (year < 0 || month < 1 || day < 1 || hour < 0 || hour > 23 || minute < 0 || minute > 59) {
    return std::nullopt;
  }
  const char separator = text[10];
  if (text[4] != '-' || text[7] != '-' || text[13] != ':' ||
      (separator != 'T' && separator != 't' && separator != ' ')) {
    return std::nullopt;
  }
  const std::chrono::year_month_day date{std::chrono::year(year),
                                         std::chrono::month(static_cast<unsigned>(month)),
                                         std::chrono::day(static_cast<unsigned>(day))};
  if (!date.ok()) return std::nullopt;
  std::size_t at = 16;
  int second = 0;
  std::int64_t nanos = 0;
  if (at < text.size() && text[at] == ':') {
    second = digits(text, 17, 2);
    at = 19;
    const auto fraction = second < 0 ? std::nullopt : parse_fraction(text, at);
    if (!fraction || second > 60) return std::nullopt;
    nanos = second == 60 ? 0 : *fraction;
  }
  const auto offset = parse_offset(text.substr(std::min(at, text.size())));
  if (!offset) return std::nullopt;
  const std::int64_t days = std::chrono::sys_days(date).time_since_epoch().count();
  const std::int64_t seconds = days * 86'400 + hour * 3'600 + minute * 60 + second;
  if (seconds < -86'400 || seconds > kMaxSeconds) return std::nullopt;
  if (!offset->present) {
    const Time utc = zone.to_utc(nanoseconds(seconds * kNanosPerSecond));
    const auto result = checked(to_nanos(utc) / kNanosPerSecond, nanos);
    if (!result || to_nanos(utc) < 0) return std::nullopt;
    return ParsedTime{*result, true};
  }
  const auto result = checked(seconds - offset->seconds, nanos);
  if (!result) return std::nullopt;
  return ParsedTime{*result, false};
}

}  // namespace

Time SystemClock::now() const {
  return std::chrono::time_point_cast<nanoseconds>(std::chrono::system_clock::now());
}

Zone::Zone(std::string_view name) : name_(name), zone_(nullptr) {
  try {
    zone_ = date::locate_zone(name_);
  } catch (const std::exception&) {
    throw std::invalid_argument("unknown time zone '" + name_ +
                                "' (expected an IANA name such as Asia/Seoul)");
  }
}

Time Zone::to_utc(nanoseconds local_since_epoch) const {
  const auto* zone = static_cast<const date::time_zone*>(zone_);
  const auto seconds = std::chrono::floor<std::chrono::seconds>(local_since_epoch);
  const auto info = zone->get_info(date::local_seconds(seconds));
  return Time(local_since_epoch - info.first.offset);
}

std::chrono::seconds Zone::offset_at(Time time) const {
  const auto* zone = static_cast<const date::time_zone*>(zone_);
  return zone
      ->get_info(
          date::sys_seconds(std::chrono::floor<std::chrono::seconds>(time).time_since_epoch()))
      .offset;
}

std::pair<Time, Time> Zone::day_of(Time time) const {
  const auto local = time.time_since_epoch() + offset_at(time);
  const auto day = std::chrono::floor<std::chrono::days>(local);
  return {to_utc(day), to_utc(day + std::chrono::days(1))};
}

std::optional<ParsedTime> parse_time(std::string_view text, const Zone& default_zone) {
  if (text.size() >= 16 && text.size() <= 40 && text[4] == '-') {
    return parse_calendar(text, default_zone);
  }
  if (text.empty() || text.size() > 25) return std::nullopt;
  const char* end = text.data() + text.size();
  std::int64_t whole = 0;
  if (auto [at, error] = std::from_chars(text.data(), end, whole);
      error == std::errc() && at == end) {
    const auto time = time_from_epoch(whole);
    return time ? std::optional(ParsedTime{*time, false}) : std::nullopt;
  }
  double real = 0;
  if (auto [at, error] = std::from_chars(text.data(), end, real);
      error == std::errc() && at == end) {
    const auto time = time_from_epoch(real);
    return time ? std::optional(ParsedTime{*time, false}) : std::nullopt;
  }
  return std::nullopt;
}

std::optional<Time> time_from_epoch(std::int64_t value) {
  if (value < 0) return std::nullopt;
  std::int64_t per_second = kNanosPerSecond;
  if (value < 100'000'000'000)
    per_second = 1;
  else if (value < 100'000'000'000'000)
    per_second = 1'000;
  else if (value < 100'000'000'000'000'000)
    per_second = 1'000'000;
  return checked(value / per_second, value % per_second * (kNanosPerSecond / per_second));
}

std::optional<Time> time_from_epoch(double value) {
  if (!std::isfinite(value) || value < 0 || value >= 9.2e18) return std::nullopt;
  const double whole = std::floor(value);
  if (whole == value) return time_from_epoch(static_cast<std::int64_t>(value));
  double nanos_per_unit = 1;
  if (value < 1e11)
    nanos_per_unit = 1e9;
  else if (value < 1e14)
    nanos_per_unit = 1e6;
  else if (value < 1e17)
    nanos_per_unit = 1e3;
  const auto base = time_from_epoch(static_cast<std::int64_t>(whole));
  if (!base) return std::nullopt;
  return *base + nanoseconds(std::llround((value - whole) * nanos_per_unit));
}

void append_time(std::string& out, Time time) {
  const auto days = std::chrono::floor<std::chrono::days>(time);
  const std::chrono::year_month_day date(days);
  const std::int64_t rest = (time - days).count();
  const auto put = [](char* at, std::int64_t value, int width) {
    for (int i = width - 1; i >= 0; --i, value /= 10) at[i] = static_cast<char>('0' + value % 10);
  };
  std::array<char, 32> text{};
  char* at = text.data();
  put(at, static_cast<int>(date.year()), 4);
  at[4] = '-';
  put(at + 5, static_cast<unsigned>(date.month()), 2);
  at[7] = '-';
  put(at + 8, static_cast<unsigned>(date.day()), 2);
  at[10] = 'T';
  const std::int64_t seconds = rest / kNanosPerSecond;
  put(at + 11, seconds / 3600, 2);
  at[13] = ':';
  put(at + 14, seconds / 60 % 60, 2);
  at[16] = ':';
  put(at + 17, seconds % 60, 2);
  std::size_t length = 19;
  if (const std::int64_t nanos = rest % kNanosPerSecond; nanos != 0) {
    at[length++] = '.';
    const int width = nanos % 1'000'000 == 0 ? 3 : nanos % 1'000 == 0 ? 6 : 9;
    put(at + length, width == 3 ? nanos / 1'000'000 : width == 6 ? nanos / 1'000 : nanos, width);
    length += static_cast<std::size_t>(width);
  }
  at[length++] = 'Z';
  out.append(text.data(), length);
}

std::string format_time(Time time) {
  std::string out;
  append_time(out, time);
  return out;
}

std::optional<nanoseconds> parse_duration(std::string_view text) {
  struct UnitName {
    std::string_view name;
    std::int64_t nanos;
  };
  static constexpr std::array<UnitName, 6> kUnits{{{"ms", 1'000'000},
                                                   {"s", kNanosPerSecond},
                                                   {"m", 60 * kNanosPerSecond},
                                                   {"h", 3600 * kNanosPerSecond},
                                                   {"d", 86'400 * kNanosPerSecond},
                                                   {"w", 604'800 * kNanosPerSecond}}};
  if (text.empty()) return std::nullopt;
  std::int64_t total = 0;
  while (!text.empty()) {
    std::int64_t value = 0;
    const auto [at, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (error != std::errc() || value < 0) return std::nullopt;
    text.remove_prefix(static_cast<std::size_t>(at - text.data()));
    const UnitName* unit = nullptr;
    for (const auto& candidate : kUnits) {
      if (text.starts_with(candidate.name)) {
        unit = &candidate;
        break;
      }
    }
    if (unit == nullptr || __builtin_mul_overflow(value, unit->nanos, &value) ||
        __builtin_add_overflow(total, value, &total)) {
      return std::nullopt;
    }
    text.remove_prefix(unit->name.size());
  }
  return nanoseconds(total);
}

}  // namespace kcloud::core
