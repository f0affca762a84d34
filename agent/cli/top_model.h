// What `top` knows: figures of an agent from what GET /metrics, /health and /alerts/active
// answered, rates from two answers in a row. Pure.
#pragma once

#include <chrono>
#include <deque>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "agent/cli/exposition.h"
#include "core/time.h"

namespace kcloud::cli {

// One round of questions.
struct Poll {
  std::chrono::steady_clock::time_point at;
  core::Time wall;
  std::string metrics, health;
  std::optional<std::string> alerts;  // nullopt: this agent has none to tell
  std::string error;                  // why there are no metrics; empty: there are
};

// Rates are per second; NaN where nothing is known.
struct CollectorRow {
  std::string name;
  double received, stored, duplicates, conflicts, rejected, busy;
  std::string state = {};  // empty for the webhook and old agents
};

struct SinkRow {
  std::string name, phase, last_error;
  bool required = false;
  double lag_events, lag_seconds, delivered;
  double retried, rejected, skipped;  // counts since the start
};

struct TopModel {
  std::string version, agent, status;
  bool connected = false;
  std::string error;          // why it is not
  double silent_seconds = 0;  // since the last answer
  double uptime_seconds;

  std::vector<CollectorRow> collectors;
  double stored_rate;                 // of all collectors
  double ack_p50, ack_p99;            // seconds; infinite beyond the last bucket,
  double ack_bound = 0;               // which begins here
  std::deque<double> stored_history;  // one a poll, the newest last; NaN: no answer

  std::string journal_state, journal_error;
  double journal_events, journal_bytes, journal_max_bytes, queued_bytes;
  double commit_rate, events_per_commit, commit_seconds, failed_commits;

  std::vector<SinkRow> sinks;
  double dead_letters, dead_letter_rate;
  double stream_clients, connections, denied_rate;
  double resident_bytes, cpu_share, threads;
  std::optional<std::vector<std::string>> alerts;  // one line each
};

class TopState {
 public:
  TopState();
  void add(const Poll& poll);
  const TopModel& model() const { return model_; }

 private:
  using Instant = std::chrono::steady_clock::time_point;

  void read_rates(const Exposition& now, double seconds, const std::string& health);
  void read_latency(const Exposition& now, Instant at);
  void read_health(const std::string& health);
  static std::string collector_state(const std::string& health, const std::string& name);
  void read_sinks(const Exposition& now, double seconds, const std::string& health);
  // Growth per second of a counter (summed over its labels) since the poll before.
  double rate(const Exposition& now, double seconds, std::string_view name,
              std::string_view label = {}, std::string_view value = {}) const;

  TopModel model_;
  Exposition before_;
  Instant before_at_{};
  bool has_before_ = false;
  Instant answered_at_{};
  std::deque<std::pair<Instant, std::vector<std::pair<double, double>>>> latency_;
};

}  // namespace kcloud::cli
