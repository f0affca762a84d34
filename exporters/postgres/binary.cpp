#include "exporters/postgres/binary.h"

#include <algorithm>
#include <array>
#include <bit>
#include <chrono>

#include "core/utf8.h"

namespace kcloud::postgres {
namespace {

constexpr std::int32_t kEpochDays = 10'957;  // 2000-01-01, PostgreSQL's day 0
constexpr std::int64_t kEpochMicros = kEpochDays * 86'400'000'000;

template <typename Integer>
void put(std::string& out, Integer number) {
  std::array<char, sizeof(number)> bytes{};
  for (std::size_t i = 0; i < sizeof(number); ++i)
    bytes[i] =
        static_cast<char>(static_cast<std::uint64_t>(number) >> (8 * (sizeof(number) - 1 - i)));
  out.append(bytes.data(), bytes.size());
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

std::string array_header(Type type, std::size_t size) {
  std::string out;
  put(out, std::int32_t{size == 0 ? 0 : 1});  // dimensions
  put(out, std::int32_t{0});                  // no NULL in it
  put(out, static_cast<std::uint32_t>(type));
  if (size == 0) return out;
  put(out, static_cast<std::int32_t>(size));
  put(out, std::int32_t{1});  // index of the first
  return out;
}

void append_value(std::string& out, std::string_view value) {
  put(out, static_cast<std::int32_t>(value.size()));
  out += value;
}

std::string binary_array(Type type, const std::vector<std::string>& values) {
  std::string out = array_header(type, values.size());
  for (const auto& value : values) append_value(out, value);
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

void CopyRows::add_nulls(std::size_t count) { out_.append(4 * count, '\xFF'); }

void CopyRows::header() {
  static constexpr char kHeader[] = "PGCOPY\n\377\r\n\0\0\0\0\0\0\0\0";
  out_.append(kHeader, sizeof(kHeader));  // 11 bytes, flags and the extension's length, both 0
}

void CopyRows::trailer() { out_ += "\xFF\xFF"; }

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
