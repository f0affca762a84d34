#include "bench/floor/decode.h"

#include <openssl/sha.h>

#include <chrono>
#include <cstring>

namespace kcloud::bench {
namespace {

using Nanos = std::chrono::nanoseconds;

int digits(std::string_view text, std::size_t at, std::size_t count) {
  int value = 0;
  for (std::size_t i = at; i < at + count; ++i) value = value * 10 + (text[i] - '0');
  return value;
}

// `2026-01-01T00:00:00.000Z` and nothing else.
std::int64_t parse_time(std::string_view text) {
  using namespace std::chrono;
  const sys_days date = year(digits(text, 0, 4)) / digits(text, 5, 2) / digits(text, 8, 2);
  const Nanos time = date.time_since_epoch() + hours(digits(text, 11, 2)) +
                     minutes(digits(text, 14, 2)) + seconds(digits(text, 17, 2)) +
                     milliseconds(digits(text, 20, 3));
  return time.count();
}

// The string's bytes in the minified text, quotes left out; escapes stay as they were sent.
bool read(simdjson::simdjson_result<simdjson::ondemand::value> value, std::string_view& out) {
  std::string_view token;
  if (value.raw_json_token().get(token) || token.size() < 2 || token.front() != '"') return false;
  out = token.substr(1, token.rfind('"') - 1);
  return true;
}

void make_id(Row& row) {
  std::uint64_t ms = static_cast<std::uint64_t>(row.time / 1'000'000);
  for (int i = 5; i >= 0; --i, ms >>= 8) row.id[i] = static_cast<std::uint8_t>(ms);
  std::memcpy(row.id.data() + 6, row.hash.data(), 10);
  row.id[6] = static_cast<std::uint8_t>(0x80 | (row.id[6] & 0x0f));
  row.id[8] = static_cast<std::uint8_t>(0x80 | (row.id[8] & 0x3f));
}

}  // namespace

bool FloorDecoder::add(simdjson::ondemand::object object, std::int64_t received, Batch& batch) {
  Row row;
  row.received = received;
  std::string_view time;
  if (!read(object.find_field("event_type"), row.type_name) ||
      !read(object.find_field("timestamp"), time) || time.size() != 24 ||
      !read(object.find_field("scheduler"), row.source) ||
      !read(object.find_field("workload").find_field("id"), row.workload) ||
      !read(object.find_field("decision").find_field("selected_cluster"), row.cluster)) {
    return false;
  }
  read(object.find_field_unordered("severity"), row.severity);
  if (object.reset().error() || object.raw_json().get(row.body)) return false;
  row.time = parse_time(time);
  SHA256(reinterpret_cast<const unsigned char*>(row.body.data()), row.body.size(), row.hash.data());
  make_id(row);
  batch.rows.push_back(row);
  return true;
}

bool FloorDecoder::decode(std::string_view text, Batch& batch) {
  batch.memory.resize(text.size() + simdjson::SIMDJSON_PADDING);
  std::size_t length = 0;
  if (simdjson::minify(text.data(), text.size(), batch.memory.data(), length)) return false;
  const std::int64_t received =
      std::chrono::duration_cast<Nanos>(std::chrono::system_clock::now().time_since_epoch())
          .count();
  simdjson::ondemand::document document;
  if (parser_.iterate(batch.memory.data(), length, batch.memory.size()).get(document)) return false;
  if (batch.memory[0] == '[') {
    simdjson::ondemand::array array;
    if (document.get_array().get(array)) return false;
    for (auto element : array) {
      simdjson::ondemand::object object;
      if (element.get_object().get(object) || !add(object, received, batch)) return false;
    }
    return true;
  }
  simdjson::ondemand::object object;
  return !document.get_object().get(object) && add(object, received, batch);
}

}  // namespace kcloud::bench
