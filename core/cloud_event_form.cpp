#include "core/cloud_event_form.h"

#include <cstring>

#include "core/json_scan.h"

namespace kcloud::core {

bool is_structured_cloud_event(std::string_view json) {
  constexpr std::string_view kKey = "\"specversion\"";
  if (::memmem(json.data(), json.size(), kKey.data(), kKey.size()) == nullptr) return false;
  const char* const end = json.data() + json.size();
  const char* at = skip_spaces(json.data(), end);
  if (at == end || *at != '{') return false;
  while (true) {
    at = skip_spaces(at + 1, end);
    if (at == end || *at != '"') return false;
    const char* const behind_key = skip_string(at, end);
    const std::string_view key(at, static_cast<std::size_t>(behind_key - at));
    at = skip_spaces(behind_key, end);
    if (at == end || *at != ':') return false;
    at = skip_spaces(at + 1, end);
    if (key == kKey) return at != end && *at == '"';
    at = skip_value(at, end);
    if (at == nullptr) return false;
    at = skip_spaces(at, end);
    if (at == end || *at != ',') return false;
  }
}

}  // namespace kcloud::core
