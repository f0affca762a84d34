// Words of a server, made fit for a log line or a dead letter. Pure.
#pragma once

#include <string>
#include <string_view>

namespace kcloud::http_client {

// One line of at most 400 bytes and an ellipsis, cut between characters.
std::string brief(std::string_view text);

}  // namespace kcloud::http_client
