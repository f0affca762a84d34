// An event as one line of POST /forward: what another agent needs to store it as the same event.
// core/forwarded.h reads it. Pure.
#pragma once

#include <string>
#include <string_view>

#include "core/event.h"
#include "core/sha256.h"

namespace kcloud::forward {

class EnvelopeEncoder {
 public:
  // `sender`: this agent's name.
  explicit EnvelopeEncoder(std::string_view sender);

  // Appends the event, its body byte by byte, and a newline.
  void append(const core::Event& event, std::string& out);

 private:
  std::string sender_;  // a JSON string
  core::Sha256Hasher hasher_;
};

}  // namespace kcloud::forward
