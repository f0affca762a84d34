#include "collectors/redis/reply.h"

#include <fmt/format.h>

#include <charconv>

namespace kcloud::redis {
namespace {

struct Hint {
  std::string_view code;
  std::string_view hint;
};

constexpr Hint kHints[] = {
    {"NOAUTH", "the server asks for a password: set `password`, and `username` of an ACL user"},
    {"WRONGPASS", "check `username` and `password`, and that ACL LIST shows the user as `on`"},
    {"NOPERM",
     "give the user what the collector's README lists, such as ACL SETUSER <user> &* ~* +@read "
     "+@write +@pubsub +@connection"},
    {"WRONGTYPE", "the key is of another kind; check `streams` or `lists`, or remove the key"},
    {"LOADING", "the server reads its data from disk; it is tried again"},
    {"MASTERDOWN", "the address is a replica without its primary; name the primary in `addresses`"},
    {"READONLY", "the address is a replica; name the primary in `addresses`"},
    {"MOVED", "the server is part of a cluster; name the node that has the key in `addresses`"},
    {"ASK", "the cluster moves this key to another node; it is tried again"},
    {"CLUSTERDOWN", "the cluster is not complete; it is tried again"},
    {"CROSSSLOT", "in a cluster one collector's keys belong to one slot: use {hash tags}"},
    {"OOM", "the server is at its maxmemory; raise it or let the stream be trimmed"},
    {"MISCONF", "the server cannot save to its disk and takes no writes"},
    {"BUSY", "a script blocks the server"},
    {"NOREPLICAS", "the server has fewer replicas than min-replicas-to-write"},
};

// What older ones answer without a code of their own.
constexpr Hint kWords[] = {
    {"Client sent AUTH, but no password is set", "the server has no password: remove `password`"},
    {"AUTH <password> called without any password",
     "the server has no password for the default user: remove `password`, or set `username`"},
    {"invalid DB index", "check `database`; the server has `databases` of them, a cluster only 0"},
    {"DB index is out of range", "check `database`; the server has `databases` of them"},
    {"max number of clients", "raise the server's maxclients"},
    {"unknown command", "the server is too old: Redis 6.2 or newer is needed"},
};

}  // namespace

bool is_error(const redisReply& reply, std::string_view code) {
  const auto text = text_of(reply);
  return is_error(reply) && text.substr(0, text.find(' ')) == code;
}

std::string explain(std::string_view error) {
  const std::string_view code = error.substr(0, error.find(' '));
  for (const auto& [known, hint] : kHints) {
    if (code == known) return fmt::format("{}. Hint: {}", error, hint);
  }
  for (const auto& [words, hint] : kWords) {
    if (error.find(words) != std::string_view::npos)
      return fmt::format("{}. Hint: {}", error, hint);
  }
  return std::string(error);
}

const redisReply* value_of(const redisReply& map, std::string_view key) {
  const auto elements = elements_of(map);
  for (std::size_t i = 0; i + 1 < elements.size(); i += 2) {
    if (text_of(*elements[i]) == key) return elements[i + 1];
  }
  return nullptr;
}

std::optional<EntryId> parse_entry_id(std::string_view text) {
  EntryId id;
  const char* end = text.data() + text.size();
  const auto [dash, bad_ms] = std::from_chars(text.data(), end, id.ms);
  if (bad_ms != std::errc() || dash == end || *dash != '-') return std::nullopt;
  const auto [last, bad_sequence] = std::from_chars(dash + 1, end, id.sequence);
  if (bad_sequence != std::errc() || last != end) return std::nullopt;
  return id;
}

std::string to_string(const EntryId& id) { return fmt::format("{}-{}", id.ms, id.sequence); }

std::optional<core::Time> entry_time(const EntryId& id) {
  constexpr std::uint64_t kFirst = 946'684'800'000;   // 2000-01-01
  constexpr std::uint64_t kLast = 4'102'444'800'000;  // 2100-01-01
  if (id.ms < kFirst || id.ms > kLast) return std::nullopt;
  return core::Time(std::chrono::milliseconds(id.ms));
}

}  // namespace kcloud::redis
