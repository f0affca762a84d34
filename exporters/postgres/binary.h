// PostgreSQL's binary formats: parameters, arrays of them and rows of COPY. Pure.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "core/time.h"

namespace kcloud::postgres {

// Oids of pg_type that never change.
enum class Type : std::uint32_t {
  kBoolean = 16,
  kBytes = 17,
  kBigint = 20,
  kText = 25,
  kReal = 701,
  kDate = 1082,
  kTimestamp = 1184,  // with time zone
  kUuid = 2950,
};

// One value: what follows its length on the wire.
std::string binary(bool value);
std::string binary(std::int64_t value);
std::string binary(double value);
std::string binary_date(std::int32_t days_since_1970);
std::string binary_time(core::Time time);  // microseconds, rounded down
std::string binary_array(Type type, const std::vector<std::string>& values);
// Of an array what comes before its values, and each value; one of a row of COPY alike.
std::string array_header(Type type, std::size_t size);
void append_value(std::string& out, std::string_view value);

std::int64_t read_bigint(std::string_view eight);
std::int32_t read_date(std::string_view four);  // days since 1970
core::Time read_time(std::string_view eight);

// The rows of COPY … WITH (FORMAT binary).
class CopyRows {
 public:
  void start_row(std::size_t columns);
  void header();   // before the first row
  void trailer();  // after the last
  void add(std::string_view value) { append_value(out_, value); }
  void add_null() { add_nulls(1); }
  void add_nulls(std::size_t count);
  std::string_view view() const { return out_; }
  std::size_t size() const { return out_.size(); }
  void clear() { out_.clear(); }

 private:
  std::string out_;
};

// Whether PostgreSQL takes it as text: UTF-8 without a NUL.
bool storable(std::string_view text);
// At most `bytes` of it, cut between characters, every NUL a space; what is no UTF-8 becomes empty.
std::string shortened(std::string_view text, std::size_t bytes);
std::string hex(std::string_view bytes);

}  // namespace kcloud::postgres
