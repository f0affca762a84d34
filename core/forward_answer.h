// The answer to POST /forward, as its sender reads it. collectors/webhook/answer.h writes it. Pure.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/decode.h"

namespace kcloud::core {

struct ForwardAnswer {
  struct Rejected {
    std::size_t index;
    std::vector<FieldError> errors;
  };
  std::string agent, version;
  std::uint64_t accepted = 0, duplicates = 0, loops = 0;
  std::vector<Rejected> rejected;
};

// `events`: how many were sent. nullopt: nobody who knows POST /forward wrote it.
std::optional<ForwardAnswer> read_forward_answer(std::string_view json, std::size_t events);

}  // namespace kcloud::core
