// Writing JSON by appending to a string: the few forms the agent's answers need.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/event.h"

namespace kcloud::core {

// `text` as a quoted JSON string. Control characters are escaped; each byte that is no UTF-8
// becomes U+FFFD, so that what an answer quotes of a hostile input is JSON.
void append_json_string(std::string& out, std::string_view text);
// Shortest form that reads back to the same double; never NaN or Inf (written as null).
void append_json_number(std::string& out, double value);
void append_json_value(std::string& out, const FieldValue& value);

// Appends `,` unless the last character opens an object or array: for writing members in a row.
void append_comma(std::string& out);
// `"key":` with a comma in front where one is due. Keys are constants that need no escaping.
void append_key(std::string& out, std::string_view key);
// The member of an object, where `text` is not empty.
void append_member(std::string& out, std::string_view key, std::string_view text);

// The event as the HTTP contract shows it:
// {"id","seq","time","received","type","source","workload","cluster","severity","collector","agent","fields":{…},"body":{…}}
// and `via`, an array, behind `agent` when the event was forwarded. seq is `<epoch>-<seq>`; absent
// texts are null.
void append_event_json(std::string& out, const Event& event, std::string_view epoch);

// Reading small JSON documents (answers of servers, options of tests): a dotted path's text, number
// or boolean as text; empty when absent or no JSON. Not for hot paths.
std::string json_text_at(std::string_view json, std::string_view dotted_path);
// The same for a path whose keys may hold dots.
std::string json_text_at(std::string_view json, std::initializer_list<std::string_view> path);
// A whole number from 0 up; nullopt when absent or anything else.
std::optional<std::uint64_t> json_number_at(std::string_view json, std::string_view dotted_path);
// The members of an object, the elements of an array, in order: texts as they are, others as JSON.
// Empty when it is no object, no array.
std::vector<std::pair<std::string, std::string>> json_members(std::string_view json);
std::vector<std::string> json_items(std::string_view json);

}  // namespace kcloud::core
