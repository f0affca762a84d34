// One run of a Kafka collector: a membership in the group from joining to leaving it.
//
// Reads into batches, hands them to the journal, commits what it has, gives partitions up in order.
// While the journal is behind, nothing is read; after a second of that the partitions are paused,
// so that the group goes on hearing from this member. One thread.
#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <stop_token>
#include <string>
#include <vector>

#include "collectors/kafka/batch.h"
#include "collectors/kafka/config.h"
#include "collectors/kafka/consumer.h"
#include "collectors/kafka/offsets.h"
#include "collectors/kafka/status.h"
#include "collectors/kafka/topic_types.h"
#include "core/collector_context.h"
#include "core/commit_queue.h"
#include "core/message_decoder.h"

namespace kcloud::kafka {

// What a session is about; all outlive it.
struct Setting {
  const Config& config;
  const core::CollectorContext& context;
  const TopicTypes& types;
  std::uint32_t batch_events;
  Status& status;
};

class Session final : Listener {
 public:
  Session(const Setting& setting, std::stop_token stop, core::EventSink& sink);

  // Until `stop`, or until the sink is closed. Throws std::runtime_error when the client is beyond
  // repair.
  void run();

 private:
  using Steady = std::chrono::steady_clock;
  // The partition of the newest record: the next is mostly of it too.
  struct Run {
    std::string topic;
    std::int32_t partition = -1;
    std::optional<Slot> slot;  // nullopt: not assigned
    std::string_view type;     // of payloads that name none
  };

  void assigned(const std::vector<Place>& places) override;
  void revoked(const std::vector<Place>& places, bool lost) override;
  void committed(const std::vector<Place>& places, const std::string& error) override;
  void failed(rd_kafka_resp_err_t code, const std::string& text) override;

  void read();
  void hold();
  void take(Message message);
  void find(const rd_kafka_message_t& message);
  void flush();
  void advance(const std::vector<Progress>& progress);
  void settle_within(std::chrono::milliseconds most);

  void tick();
  void check_connection();
  void publish();
  void commit_now(const std::vector<Place>& places, std::chrono::milliseconds timeout);
  void close();
  void throw_fatal() const;

  const Setting setting_;
  const std::string& name_;
  const std::stop_token stop_;
  core::MessageDecoder decoder_;
  Offsets offsets_;
  Run run_;
  Batch batch_;
  Counts counts_;  // since the last publish()
  bool fatal_ = false;
  bool paused_ = false;
  std::optional<Steady::time_point> blocked_since_;
  Steady::time_point next_tick_{};
  Steady::time_point doubt_until_{};
  std::map<std::string, Steady::time_point> warned_;  // by text, when last
  Consumer consumer_;
  core::CommitQueue queue_;  // ends first: its callbacks use the rest
};

}  // namespace kcloud::kafka
