#include "exporters/postgres/binary.h"

#include <algorithm>
#include <bit>
#include <chrono>

#include "core/utf8.h"

namespace kcloud::postgres {
namespace {

constexpr std::int32_t kEpochDays = 10'957;  // 2000-01-01, PostgreSQL's day 0
constexpr std::int64_t kEpochMicros = kEpochDays * 86'400'000'000;

template <typename Integer>
void put(std::string& out, Integer number) {
  for (std::size_t i = sizeof(number); i-- > 0;)
    out.push_back(static_cast<char>(static_cast<std::uint64_t>(number) >> (8 * i)));
}

std::uint64_t read(std::string_view bytes) {
  std::uint64_t number = 0;
  for (const char c : bytes) number = number << 8 | static_cast<std::uint8_t>(c);
  return number;
}

}  // namespace

std::string binary(bool value) { return std::string(1, value ? '\1' : '\0'); }

std::string binary(std::int64_t value) {
  std::string out;
  put(out, value);
  return out;
}

std::string binary(double value) { return binary(std::bit_cast<std::int64_t>(value)); }

std::string binary_date(std::int32_t days_since_1970) {
  std::string out;
  put(out, days_since_1970 - kEpochDays);
  return out;
}

std::string binary_time(core::Time time) {
  const auto micros = std::chrono::floor<std::chrono::microseconds>(time.time_since_epoch());
  return binary(static_cast<std::int64_t>(micros.count()) - kEpochMicros);
}

std::string binary_array(Type type, const std::vector<std::string>& values) {
  std::string out;
  put(out, std::int32_t{values.empty() ? 0 : 1});  // dimensions
  put(out, std::int32_t{0});                       // no NULL in it
  put(out, static_cast<std::uint32_t>(type));
  if (values.empty()) return out;
  put(out, static_cast<std::int32_t>(values.size()));
  put(out, std::int32_t{1});  // index of the first
  for (const auto& value : values) {
    put(out, static_cast<std::int32_t>(value.size()));
    out += value;
  }
  return out;
}

std::int64_t read_bigint(std::string_view eight) { return static_cast<std::int64_t>(read(eight)); }

std::int32_t read_date(std::string_view four) {
  return static_cast<std::int32_t>(read(four)) + kEpochDays;
}

core::Time read_time(std::string_view eight) {
  return core::Time(std::chrono::microseconds(read_bigint(eight) + kEpochMicros));
}

void CopyRows::start_row(std::size_t columns) { put(out_, static_cast<std::int16_t>(columns)); }

void CopyRows::add(std::string_view value) {
  put(out_, static_cast<std::int32_t>(value.size()));
  out_ += value;
}

void CopyRows::add_null() { put(out_, std::int32_t{-1}); }

std::string_view copy_header() {
  static constexpr char kHeader[] = "PGCOPY\n\377\r\n\0\0\0\0\0\0\0\0";
  return {kHeader, sizeof(kHeader)};  // 11 bytes, flags and the extension's length, both 0
}

std::string_view copy_trailer() { return "\xFF\xFF"; }

bool storable(std::string_view text) {
  return text.find('\0') == std::string_view::npos && core::is_utf8(text);
}

std::string shortened(std::string_view text, std::size_t bytes) {
  if (!core::is_utf8(text)) return {};
  std::size_t end = std::min(bytes, text.size());
  while (end > 0 && end < text.size() && (static_cast<unsigned char>(text[end]) & 0xC0) == 0x80)
    --end;
  std::string out(text.substr(0, end));
  std::ranges::replace(out, '\0', ' ');
  return out;
}

std::string hex(std::string_view bytes) {
  static constexpr std::string_view kDigits = "0123456789abcdef";
  std::string out;
  out.reserve(2 * bytes.size());
  for (const char c : bytes) {
    out.push_back(kDigits[static_cast<std::uint8_t>(c) >> 4]);
    out.push_back(kDigits[static_cast<std::uint8_t>(c) & 15]);
  }
  return out;
}

}  // namespace kcloud::postgres
