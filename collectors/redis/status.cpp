#include "collectors/redis/status.h"

#include <algorithm>
#include <chrono>
#include <stdexcept>

namespace kcloud::redis {
namespace {

using Kind = core::Measure::Kind;

constexpr const char* kOpenGap = "open_gap_seconds";

double seconds(std::chrono::nanoseconds time) {
  return std::chrono::duration<double>(time).count();
}

std::vector<core::Measure> measures_of(const Config& config) {
  std::vector<core::Measure> measures{
      {"connects_total", "Connections made", Kind::kCounter},
      {"lost_events_total",
       "Events taken from Redis that the journal did not take before the collector stopped",
       Kind::kCounter}};
  if (config.mode == "pubsub") {
    measures.push_back({"gaps_total", "Times without the subscriptions", Kind::kCounter});
    measures.push_back({"gap_seconds_total", "Length of the gaps", Kind::kCounter});
    measures.push_back({"last_gap_seconds", "Length of the newest gap", Kind::kGauge});
    measures.push_back({kOpenGap, "Length so far of the gap that is open", Kind::kGauge});
    measures.push_back({"repeated_deliveries_total",
                        "Deliveries through a further subscription to the same message",
                        Kind::kCounter});
  } else if (config.mode == "stream") {
    measures.push_back(
        {"claimed_entries_total", "Entries taken over from other consumers", Kind::kCounter});
    measures.push_back({"deleted_entries_total",
                        "Entries that were deleted from their stream before they were read",
                        Kind::kCounter});
    for (const auto& stream : config.streams) {
      const std::vector<std::pair<std::string, std::string>> labels{{"stream", stream}};
      measures.push_back({"stream_entries", "Length of the stream", Kind::kGauge, 0, labels});
      measures.push_back({"stream_lag_entries", "Entries that the group has not been given yet",
                          Kind::kGauge, 0, labels});
      measures.push_back({"stream_pending_entries",
                          "Entries given to the group's consumers and not acknowledged",
                          Kind::kGauge, 0, labels});
    }
  } else {
    measures.push_back({"recovered_elements_total",
                        "Elements found in the processing list, left by an earlier run",
                        Kind::kCounter});
    for (const auto& list : config.lists) {
      measures.push_back(
          {"list_elements", "Length of the list", Kind::kGauge, 0, {{"list", list}}});
    }
  }
  return measures;
}

}  // namespace

Status::Status(const Config& config, const core::Clock& clock) : clock_(clock) {
  report_.measures = measures_of(config);
}

core::Measure& Status::find(std::string_view measure, std::string_view label) {
  const auto found =
      std::find_if(report_.measures.begin(), report_.measures.end(), [&](const auto& one) {
        return one.name == measure && (label.empty() || one.labels.front().second == label);
      });
  if (found == report_.measures.end()) throw std::logic_error("no such measure");
  return *found;
}

void Status::connected(bool now) {
  const std::lock_guard lock(mutex_);
  report_.connected = now;
}

void Status::failed(const std::string& error) {
  const std::lock_guard lock(mutex_);
  report_.connected = false;
  report_.last_error = error;
  report_.last_error_time = clock_.now();
}

void Status::arrived(core::Time time) {
  const std::lock_guard lock(mutex_);
  report_.last_event_time = time;
}

void Status::add(std::string_view measure, double by, std::string_view label) {
  const std::lock_guard lock(mutex_);
  find(measure, label).value += by;
}

void Status::set(std::string_view measure, double value, std::string_view label) {
  const std::lock_guard lock(mutex_);
  find(measure, label).value = value;
}

void Status::lost(core::Time since) {
  const std::lock_guard lock(mutex_);
  lost_since_ = since;
}

void Status::regained(core::Time now) {
  const std::lock_guard lock(mutex_);
  const double length = std::max(0.0, seconds(now - lost_since_));
  lost_since_ = {};
  find("gaps_total", {}).value += 1;
  find("gap_seconds_total", {}).value += length;
  find("last_gap_seconds", {}).value = length;
}

core::CollectorReport Status::report() const {
  const std::lock_guard lock(mutex_);
  core::CollectorReport report = report_;
  if (lost_since_ == core::Time{}) return report;
  for (auto& measure : report.measures) {
    if (measure.name == kOpenGap) {
      measure.value = std::max(0.0, seconds(clock_.now() - lost_since_));
    }
  }
  return report;
}

}  // namespace kcloud::redis
