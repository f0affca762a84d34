// What a Kafka collector says of itself: kept by its thread, read by any. Lives through all runs.
#pragma once

#include <array>
#include <cstdint>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include "collectors/kafka/headers.h"
#include "core/collector.h"
#include "core/time.h"

namespace kcloud::kafka {

// Of one assigned partition: records that the journal does not have yet.
struct Lag {
  std::string topic;
  std::int32_t partition = 0;
  std::int64_t records = 0;
};

// Counted since the agent's start.
struct Counts {
  std::array<std::uint64_t, 3> records{};  // by Mode
  std::uint64_t tombstones = 0;
  std::uint64_t rebalances = 0;
  std::uint64_t failed_commits = 0;

  std::uint64_t& of(Mode mode) { return records[static_cast<std::size_t>(mode)]; }
};

class Status {
 public:
  explicit Status(const core::Clock& clock) : clock_(clock) {}

  // True when this is news.
  bool set_connected(bool connected);
  bool connected() const;
  void set_error(std::string error);
  void arrived(core::Time time);
  void add(const Counts& counts);
  void set_partitions(std::size_t assigned, bool paused, std::vector<Lag> lags);

  core::CollectorReport report() const;

 private:
  const core::Clock& clock_;
  mutable std::mutex mutex_;  // guards all below
  core::CollectorReport report_;
  Counts counts_;
  std::vector<Lag> lags_;
  std::size_t assigned_ = 0;
  bool paused_ = false;
};

// What a person can do about an error of librdkafka or a broker; empty: nothing is known. `code` is
// a rd_kafka_resp_err_t.
std::string_view hint_for(int code);

}  // namespace kcloud::kafka
