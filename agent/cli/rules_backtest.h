// `kcloud-logger rules backtest`: rules over stored events, as if they had been there then. Events
// stream through; memory follows the rules' windows, not the time that is looked at. Blocks until
// the end or Ctrl-C; the return value is the process's exit code.
#pragma once

#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <vector>

#include "agent/backtest/events.h"
#include "agent/cli/address.h"
#include "core/catalogue.h"
#include "core/time.h"

namespace kcloud::cli {

struct RulesBacktestOptions {
  std::vector<std::string> paths;  // rule files and folders of them
  Address agent;
  std::string data_dir;     // not empty: this journal, not `agent`
  std::string config_file;  // with data_dir: whose event types count; empty: the built-in ones
  std::string since = "7d", until;  // event time; empty: now
  std::string format = "text";      // json
};

// What a journal has, and what an agent has that runs. One thread; calls block. Throws
// std::runtime_error with a hint.
std::unique_ptr<backtest::Events> directory_events(const std::string& data_dir,
                                                   std::shared_ptr<const core::Catalogue> catalogue,
                                                   const backtest::Range& range);
std::unique_ptr<backtest::Events> agent_events(const Address& agent,
                                               std::shared_ptr<const core::Catalogue> catalogue,
                                               const backtest::Range& range, std::stop_token stop);

// `7d`, `-7d`, `now-1h`, RFC 3339; nullopt: none of them.
std::optional<core::Time> parse_past(const std::string& text, core::Time now);

// 0: done; 1: the rule files are wrong; 2: failed or interrupted; 78: the configuration is bad.
int backtest_rules(const RulesBacktestOptions& options);

}  // namespace kcloud::cli
