#include "agent/cli/top_model.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "agent/cli/line.h"
#include "core/decode.h"
#include "core/json.h"

namespace kcloud::cli {
namespace {

constexpr double kUnknown = std::numeric_limits<double>::quiet_NaN();
constexpr std::size_t kHistory = 1000;              // polls
constexpr std::chrono::seconds kLatencyWindow{10};  // one poll has too few answers for a p99
constexpr std::string_view kPrefix = "kcloud_logger_";

std::string prefixed(std::string_view name) { return std::string(kPrefix).append(name); }

double value_of(const Exposition& metrics, std::string_view name, std::string_view label = {},
                std::string_view value = {}) {
  return metrics.sum(prefixed(name), label, value).value_or(kUnknown);
}

// A JSON text as it may go to a terminal; empty for null.
std::string shown(std::string text) { return text == "null" ? std::string() : printable(text); }

std::vector<std::string> alert_lines(const std::string& body) {
  std::vector<std::string> lines;
  const std::string list = core::json_text_at(body, "alerts");
  for (const std::string_view alert : core::split_json(list, false).elements) {
    std::string line;
    for (const char* key : {"severity", "state", "rule", "message"}) {
      const std::string text = shown(core::json_text_at(alert, key));
      if (!text.empty()) line += (line.empty() ? "" : " ") + text;
    }
    lines.push_back(std::move(line));
  }
  return lines;
}

void forget_rates(TopModel& model) {
  for (CollectorRow& row : model.collectors)
    row = {row.name, kUnknown, kUnknown, kUnknown, kUnknown, kUnknown, kUnknown};
  for (SinkRow& sink : model.sinks) sink.delivered = kUnknown;
  for (double* rate : {&model.stored_rate, &model.ack_p50, &model.ack_p99, &model.commit_rate,
                       &model.events_per_commit, &model.commit_seconds, &model.dead_letter_rate,
                       &model.denied_rate, &model.cpu_share}) {
    *rate = kUnknown;
  }
}

}  // namespace

TopState::TopState() {
  for (double* figure : {&model_.uptime_seconds, &model_.journal_events, &model_.journal_bytes,
                         &model_.journal_max_bytes, &model_.queued_bytes, &model_.failed_commits,
                         &model_.dead_letters, &model_.stream_clients, &model_.connections,
                         &model_.resident_bytes, &model_.threads}) {
    *figure = kUnknown;
  }
  forget_rates(model_);
}

double TopState::rate(const Exposition& now, double seconds, std::string_view name,
                      std::string_view label, std::string_view value) const {
  const auto after = now.sum(name, label, value);
  if (!after || !has_before_ || seconds <= 0) return kUnknown;
  // One that was not there began in between.
  return growth(before_.sum(name, label, value).value_or(0), *after) / seconds;
}

void TopState::add(const Poll& poll) {
  if (answered_at_ == Instant{}) answered_at_ = poll.at;
  model_.connected = poll.error.empty();
  model_.error = poll.error;
  if (!model_.connected) {
    model_.silent_seconds = std::chrono::duration<double>(poll.at - answered_at_).count();
    forget_rates(model_);
    has_before_ = false;  // the rate over a gap would be that of another time
    latency_.clear();
  } else {
    const Exposition now = Exposition::parse(poll.metrics);
    const double seconds = std::chrono::duration<double>(poll.at - before_at_).count();
    answered_at_ = poll.at;
    model_.silent_seconds = 0;
    const double start = now.sum("process_start_time_seconds").value_or(kUnknown);
    const double wall = std::chrono::duration<double>(poll.wall.time_since_epoch()).count();
    model_.uptime_seconds = start > 0 ? std::max(0.0, wall - start) : kUnknown;
    model_.version = printable(now.text(prefixed("build_info"), "version"));
    read_rates(now, seconds, poll.health);
    read_latency(now, poll.at);
    read_health(poll.health);
    read_sinks(now, seconds, poll.health);
    model_.alerts.reset();
    if (poll.alerts) model_.alerts = alert_lines(*poll.alerts);
    before_ = now;
    before_at_ = poll.at;
    has_before_ = true;
  }
  model_.stored_history.push_back(model_.stored_rate);
  if (model_.stored_history.size() > kHistory) model_.stored_history.pop_front();
}

void TopState::read_rates(const Exposition& now, double seconds, const std::string& health) {
  const auto per_second = [&](std::string_view name, std::string_view label = {},
                              std::string_view value = {}) {
    return rate(now, seconds, prefixed(name), label, value);
  };
  model_.collectors.clear();
  for (const std::string& name :
       now.values(prefixed("collector_received_events_total"), "collector")) {
    const auto of = [&](const char* what) {
      return per_second(std::string("collector_") + what + "_events_total", "collector", name);
    };
    model_.collectors.push_back({printable(name), of("received"), of("stored"), of("duplicate"),
                                 of("conflict"), of("rejected"), of("busy"),
                                 collector_state(health, name)});
  }
  model_.stored_rate = per_second("collector_stored_events_total");

  model_.journal_events = value_of(now, "journal_events");
  model_.journal_bytes = value_of(now, "journal_bytes");
  model_.journal_max_bytes = value_of(now, "journal_max_bytes");
  model_.queued_bytes = value_of(now, "journal_queued_bytes");
  model_.failed_commits = value_of(now, "journal_failed_commits_total");
  model_.commit_rate = per_second("journal_commits_total");
  const bool commits = model_.commit_rate > 0;
  model_.events_per_commit =
      commits ? per_second("journal_committed_events_total") / model_.commit_rate : kUnknown;
  model_.commit_seconds =
      commits ? per_second("journal_commit_seconds_total") / model_.commit_rate : kUnknown;

  model_.dead_letters = value_of(now, "journal_dead_letters");
  // Events refused at the door, and by sinks.
  const double refused =
      per_second("collector_rejected_events_total") + per_second("collector_conflict_events_total");
  const double by_sinks = per_second("exporter_dead_lettered_events_total");
  model_.dead_letter_rate = refused + (std::isnan(by_sinks) ? 0 : by_sinks);
  model_.stream_clients = value_of(now, "stream_clients");
  model_.connections = value_of(now, "http_connections");
  model_.denied_rate = per_second("http_denied_total");

  model_.resident_bytes = now.sum("process_resident_memory_bytes").value_or(kUnknown);
  model_.threads = now.sum("process_threads").value_or(kUnknown);
  model_.cpu_share = rate(now, seconds, "process_cpu_seconds_total");
}

void TopState::read_latency(const Exposition& now, Instant at) {
  auto buckets = now.buckets(prefixed("ack_seconds"));
  if (buckets.size() > 1) model_.ack_bound = buckets[buckets.size() - 2].first;
  const auto count = [](const auto& of) { return of.empty() ? 0 : of.back().second; };
  if (!latency_.empty() && count(buckets) < count(latency_.back().second)) latency_.clear();
  while (latency_.size() > 1 && at - latency_[1].first >= kLatencyWindow) latency_.pop_front();
  model_.ack_p50 = latency_.empty() ? kUnknown : quantile(0.5, latency_.front().second, buckets);
  model_.ack_p99 = latency_.empty() ? kUnknown : quantile(0.99, latency_.front().second, buckets);
  latency_.emplace_back(at, std::move(buckets));
}

// Its phase; while it runs without an answer of its source, that.
std::string TopState::collector_state(const std::string& health, const std::string& name) {
  const std::string component = core::json_text_at(health, {"components", "collector:" + name});
  const std::string phase = core::json_text_at(component, "phase");
  const bool silent = phase == "running" && core::json_text_at(component, "connected") == "false";
  return silent ? "unconnected" : shown(phase);
}

void TopState::read_health(const std::string& health) {
  const auto text = [&](const char* path) { return shown(core::json_text_at(health, path)); };
  model_.status = text("status");
  model_.agent = text("agent");
  model_.journal_state =
      text("components.journal.full") == "true" ? "full" : text("components.journal.state");
  model_.journal_error =
      model_.journal_state == "open" ? std::string() : text("components.journal.last_error");
}

void TopState::read_sinks(const Exposition& now, double seconds, const std::string& health) {
  model_.sinks.clear();
  for (const std::string& name : now.values(prefixed("exporter_lag_events"), "exporter")) {
    const auto of = [&](const char* what) {
      return value_of(now, std::string("exporter_") + what, "exporter", name);
    };
    const std::string component = core::json_text_at(health, {"components", "exporter:" + name});
    SinkRow row;
    row.name = printable(name);
    row.phase = shown(core::json_text_at(component, "phase"));
    row.last_error = shown(core::json_text_at(component, "last_error"));
    row.required = core::json_text_at(component, "required") == "true";
    row.lag_events = of("lag_events");
    row.lag_seconds = of("lag_seconds");
    row.delivered =
        rate(now, seconds, prefixed("exporter_delivered_events_total"), "exporter", name);
    row.retried = of("retried_total");
    row.rejected = of("dead_lettered_events_total");
    row.skipped = of("skipped_events_total");
    model_.sinks.push_back(std::move(row));
  }
}

}  // namespace kcloud::cli
