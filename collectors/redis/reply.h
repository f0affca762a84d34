// Reading the answers of Redis: texts, arrays, entry ids, and what an error means for the person
// who reads it. Pure.
#pragma once

#include <hiredis/hiredis.h>

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "core/time.h"

namespace kcloud::redis {

// The text of a string, status or error; empty for others.
inline std::string_view text_of(const redisReply& reply) {
  return reply.str == nullptr ? std::string_view() : std::string_view(reply.str, reply.len);
}
// The elements of an array; none for others.
inline std::span<redisReply* const> elements_of(const redisReply& reply) {
  if (reply.type != REDIS_REPLY_ARRAY) return {};
  return {reply.element, reply.elements};
}
inline bool is_error(const redisReply& reply) { return reply.type == REDIS_REPLY_ERROR; }
// Whether an error's first word is `code`.
bool is_error(const redisReply& reply, std::string_view code);

// Redis's words for an error, and a hint where there is one for its code.
std::string explain(std::string_view error);

// The value behind `key` in an array of keys and values; nullptr when there is none.
const redisReply* value_of(const redisReply& map, std::string_view key);

// The id of a stream's entry.
struct EntryId {
  std::uint64_t ms = 0;
  std::uint64_t sequence = 0;
  bool operator==(const EntryId&) const = default;
};
std::optional<EntryId> parse_entry_id(std::string_view text);
std::string to_string(const EntryId& id);

// When the entry was added, by its id; nullopt for ids that are no time of these days (a publisher
// may give any).
std::optional<core::Time> entry_time(const EntryId& id);

}  // namespace kcloud::redis
