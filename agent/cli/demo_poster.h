// Posting the demo's events and showing how far it is. One thread; `post` blocks until the agent
// has answered for good: it waits where the agent asks to, and for one that went away.
#pragma once

#include <chrono>
#include <cstdint>
#include <random>
#include <stop_token>
#include <string>
#include <vector>

#include "agent/cli/demo.h"
#include "agent/cli/progress.h"
#include "core/backoff.h"
#include "exporters/http_client/client.h"

namespace kcloud::cli {

// Draws on a terminal (standard error), writes a line now and then elsewhere.
class Display {
 public:
  using Clock = std::chrono::steady_clock;
  explicit Display(Clock::time_point start);

  // Sets `progress.elapsed`.
  void update(Progress& progress, bool last);
  void say(const std::string& line) const;

 private:
  bool terminal_;
  Clock::time_point start_;
  Clock::time_point next_;
};

class Poster {
 public:
  Poster(const DemoOptions& options, Display& display, std::stop_token stop);

  // Until answered for good; counts into `progress`. False: give up (the reason was said) or
  // stopped.
  bool post(const std::string& body, std::uint64_t events, Progress& progress);

 private:
  bool settle(const http_client::Response& response, std::uint64_t events, Progress& progress);

  std::string url_;
  Display& display_;
  std::stop_token stop_;
  std::vector<http_client::Header> headers_;
  http_client::Client client_;
  core::Backoff backoff_{core::BackoffOptions{}};
  std::minstd_rand random_;
  bool answered_once_ = false;
  bool refusal_said_ = false;
};

}  // namespace kcloud::cli
