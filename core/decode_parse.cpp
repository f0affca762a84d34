#include "core/decode_parse.h"

#include <cstring>

namespace kcloud::core {

namespace {

// Whether the text holds an escaped NUL (`\u0000`): valid JSON that PostgreSQL and others cannot
// keep.
bool has_escaped_nul(std::string_view json) {
  for (auto at = json.find("\\u0000"); at != std::string_view::npos;
       at = json.find("\\u0000", at + 1)) {
    std::size_t backslashes = 1;
    while (backslashes <= at && json[at - backslashes] == '\\') ++backslashes;
    if (backslashes % 2 == 1) return true;
  }
  return false;
}

const char* json_problem(simdjson::error_code code) {
  switch (code) {
    case simdjson::UTF8_ERROR:
      return "not JSON: the text is not valid UTF-8";
    case simdjson::DEPTH_ERROR:
      return "not JSON that is read here: nested too deep";
    case simdjson::NUMBER_ERROR:
      return "not JSON that is read here: a number is malformed or out of range";
    case simdjson::STRING_ERROR:
      return "not JSON: a string has a bad escape or half a surrogate pair";
    case simdjson::UNESCAPED_CHARS:
      return "not JSON: a string holds an unescaped control character";
    case simdjson::UNCLOSED_STRING:
      return "not JSON: a string is not closed";
    case simdjson::EMPTY:
      return "not JSON: the text is empty";
    default:
      return "not JSON: the structure is broken";
  }
}

}  // namespace

bool is_not_json(const std::vector<FieldError>& errors) {
  return errors.size() == 1 && errors.front().path == "$" &&
         errors.front().problem.starts_with("not JSON");
}

bool parse_event(simdjson::dom::parser& parser, std::string_view json, std::size_t max_bytes,
                 EventBatch& batch, ParsedEvent& out, std::vector<FieldError>& errors) {
  if (json.size() > max_bytes * 2) {
    return refuse(errors, "$", "an event of " + std::to_string(json.size()) + " bytes",
                  "at most " + std::to_string(max_bytes) + " bytes");
  }
  const std::size_t reserved = json.size() + simdjson::SIMDJSON_PADDING;
  char* text = batch.allocate(reserved);
  // Parsed as it came: minifying first would join `1 2` to `12`. The parser keeps nothing of
  // `text`.
  std::memcpy(text, json.data(), json.size());
  const auto* bytes = reinterpret_cast<const std::uint8_t*>(text);
  auto code = parser.parse(bytes, json.size(), false).get(out.root);
  std::size_t length = 0;
  if (code == simdjson::SUCCESS) {
    code = simdjson::minify(json.data(), json.size(), text, length);
  }
  if (code == simdjson::SUCCESS && length > max_bytes) {
    batch.shrink_last(text, reserved, 0);
    return refuse(errors, "$", "an event of " + std::to_string(length) + " bytes",
                  "at most " + std::to_string(max_bytes) + " bytes");
  }
  out.body = {text, length};
  const char* problem = nullptr;
  if (code != simdjson::SUCCESS) {
    problem = json_problem(code);
  } else if (!out.root.is_object()) {
    problem = "not a JSON object";
  } else if (has_escaped_nul(out.body)) {
    problem = "a string holds the character U+0000";
  }
  if (problem != nullptr) {
    batch.shrink_last(text, reserved, 0);
    return refuse(errors, "$", problem,
                  code == simdjson::SUCCESS && out.root.is_object()
                      ? "text without U+0000, which sinks cannot keep"
                      : "one JSON object (RFC 8259)");
  }
  batch.shrink_last(text, reserved, length);
  return true;
}

}  // namespace kcloud::core
