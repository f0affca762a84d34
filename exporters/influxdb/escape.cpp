#include "exporters/influxdb/escape.h"

namespace kcloud::influxdb {
namespace {

// Behind a backslash these are read differently by the line scanner, the parser and InfluxQL.
constexpr std::string_view kAmbiguous = ", =\"";

bool is_control(char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; }

void append_escaped(std::string& out, std::string_view text, std::string_view delimiters) {
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (is_control(c)) {
      out += '_';
    } else if (c == '\\') {
      const bool last = i + 1 == text.size();
      out += last || kAmbiguous.find(text[i + 1]) != std::string_view::npos ? '_' : '\\';
    } else {
      if (delimiters.find(c) != std::string_view::npos) out += '\\';
      out += c;
    }
  }
}

}  // namespace

void append_measurement(std::string& out, std::string_view text) {
  if (text.empty() || text.front() == '#') {
    out += '_';
    if (!text.empty()) text.remove_prefix(1);
  }
  append_escaped(out, text, ", ");
}

void append_name(std::string& out, std::string_view text) { append_escaped(out, text, ", ="); }

void append_string(std::string& out, std::string_view text) {
  out += '"';
  for (const char c : text) {
    if (c == '"' || c == '\\') out += '\\';
    out += c;
  }
  out += '"';
}

}  // namespace kcloud::influxdb
