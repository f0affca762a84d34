// Taking apart a request's path and query. Pure.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace kcloud::http {

// `%41` becomes `A`; `plus_is_space` for queries. nullopt: a `%` without two hex digits behind it,
// or a NUL.
std::optional<std::string> percent_decode(std::string_view text, bool plus_is_space);

using Parameters = std::vector<std::pair<std::string, std::string>>;

// `a=1&b=%20` in order; a name without `=` has an empty value. nullopt: a bad percent escape.
std::optional<Parameters> parse_query(std::string_view query);

void append_percent_encoded(std::string& out, std::string_view text);

// RFC 4648 base64url without padding.
std::string base64url_encode(std::string_view bytes);
std::optional<std::string> base64url_decode(std::string_view text);

struct ListenAddress {
  std::string host;  // without brackets; empty: every address
  std::uint16_t port = 0;
};

// `HOST:PORT`, `[IPv6]:PORT`, `:PORT`. Throws std::invalid_argument saying what is expected.
ListenAddress parse_listen(std::string_view text);

}  // namespace kcloud::http
