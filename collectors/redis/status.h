// What the collector says of itself: connection, errors, and the measures of its mode, all there
// from the beginning. Written by its thread, read by any.
#pragma once

#include <mutex>
#include <string>
#include <string_view>

#include "collectors/redis/config.h"
#include "core/collector.h"
#include "core/time.h"

namespace kcloud::redis {

class Status {
 public:
  Status(const Config& config, const core::Clock& clock);

  void connected(bool now);
  void failed(const std::string& error);
  void arrived(core::Time time);
  // `label`: the stream or list of the measures that have one.
  void add(std::string_view measure, double by, std::string_view label = {});
  void set(std::string_view measure, double value, std::string_view label = {});
  // From now on, until `regained`, what is published is lost.
  void lost(core::Time since);
  void regained(core::Time now);

  core::CollectorReport report() const;

 private:
  core::Measure& find(std::string_view measure, std::string_view label);

  const core::Clock& clock_;
  mutable std::mutex mutex_;
  core::CollectorReport report_;  // guarded by mutex_
  core::Time lost_since_{};       // guarded by mutex_; 0: not lost
};

}  // namespace kcloud::redis
