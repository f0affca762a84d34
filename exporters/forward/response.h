// What an agent's answer to POST /forward means. Pure.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>
#include <vector>

#include "core/exporter.h"
#include "exporters/http_client/client.h"

namespace kcloud::forward {

struct Judgement {
  core::Delivery delivery;
  std::uint64_t loops = 0;      // events that the upstream had before this agent
  bool other_upstream = false;  // this one cannot be reached or is ill; another may be well
};

// `events`: how many were sent; `self`: this agent's name.
Judgement judge(const http_client::Response& response, std::size_t events, std::string_view self);

// The answer to an empty POST, which stores nothing: who the upstream is and whether this agent may
// forward to it. `what` names the steps.
std::vector<core::ProbeStep> judge_probe(const http_client::Response& response,
                                         std::string_view what, std::string_view self);

}  // namespace kcloud::forward
