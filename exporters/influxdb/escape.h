// Escaping for InfluxDB line protocol. Pure; appends, never allocates beyond the output.
//
// Names (measurement, tag keys and values, field keys) cannot carry every text: control characters
// end or split a line, a backslash before a delimiter changes its meaning, and how servers read
// doubled backslashes differs. Each such character becomes `_`; everything else arrives
// byte-exact. String field values carry any text.
// Format: docs.influxdata.com/influxdb/v1.6/write_protocols/line_protocol_reference.
#pragma once

#include <string>
#include <string_view>

namespace kcloud::influxdb {

// An empty name, and a `#` in front (it would begin a comment), become `_`.
void append_measurement(std::string& out, std::string_view text);
// Tag keys, tag values and field keys. The caller leaves empty ones out.
void append_name(std::string& out, std::string_view text);
// With the quotes.
void append_string(std::string& out, std::string_view text);

}  // namespace kcloud::influxdb
