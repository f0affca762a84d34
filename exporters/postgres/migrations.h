// The text of each version of the schema.
#pragma once

#include <span>
#include <string_view>

namespace kcloud::postgres {

// Index 0 leads from nothing to version 1. Each runs once, in the transaction that notes it.
std::span<const std::span<const std::string_view>> migrations();

}  // namespace kcloud::postgres
