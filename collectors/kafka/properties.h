// The librdkafka properties of a collector: what it owns, its defaults, what the file adds. Pure.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "collectors/kafka/config.h"

namespace kcloud::kafka {

// In the order in which they are to be set; `agent` becomes client.id.
std::vector<std::pair<std::string, std::string>> properties(const Config& config,
                                                            const std::string& agent);

// Why `options:` may not name this property; empty: it may.
std::string refusal_of(std::string_view property);

// Its value must not be shown: passwords, SASL, keys, tokens.
bool is_secret(std::string_view property);

// What librdkafka says against a property; empty: nothing. A secret's value is not in it.
std::string check_property(const std::string& name, const std::string& value);

}  // namespace kcloud::kafka
