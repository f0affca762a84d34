// One connection's life of a stream collector: what is asked of the server, and what is under way.
//
// At most one XREADGROUP is under way; the next is sent before the entries of the last are decoded,
// so that server and decoder work at the same time. One thread.
#pragma once

#include <chrono>
#include <deque>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "collectors/redis/connection.h"
#include "collectors/redis/inbox.h"
#include "collectors/redis/status.h"
#include "core/commit_queue.h"

namespace kcloud::redis {

class StreamSession {
 public:
  // `types`: of the streams, by index. `start`: of groups that are not there yet.
  StreamSession(const Config& config, const core::CollectorContext& context,
                std::vector<std::string> types, std::uint32_t batch_events, Status& status,
                std::unique_ptr<Connection> connection, core::EventSink& sink, std::string start);

  // Throws std::runtime_error when a key is no stream or the group cannot be made.
  void join();
  // Until a stop; then what was handed over is settled.
  void run(const std::stop_token& stop);

 private:
  using Clock = std::chrono::steady_clock;
  // Entries that an intake stands for: by stream.
  using Ids = std::vector<std::vector<EntryId>>;

  void step();
  void pace();
  void send_read();
  void on_read(const redisReply& reply);
  std::size_t take_stream(std::size_t stream, const redisReply& entries);
  void take_entry(std::size_t stream, const redisReply& entry);
  void take_fields(std::size_t stream, const EntryId& id, const redisReply& fields);
  void send_group(std::size_t stream);
  void send_claims();
  void send_claim(std::size_t stream, const std::string& from);
  void on_claim(std::size_t stream, const redisReply& reply);
  void send_stats();
  void on_groups(const std::string& stream, const redisReply& reply);
  void submit();
  void send_acks(const Ids& ids);
  bool is_under_way(std::size_t stream, const EntryId& id) const;
  std::size_t index_of(std::string_view stream) const;

  const Config& config_;
  const core::CollectorContext& context_;
  const std::vector<std::string> types_;
  const std::string consumer_;
  const std::uint32_t most_;  // entries a command and stream
  Status& status_;
  std::unique_ptr<Connection> connection_;
  std::string start_;
  Inbox inbox_;
  Ids gathered_;  // of the inbox
  std::deque<std::shared_ptr<const Ids>>
      under_way_;  // of intakes that the journal has, oldest first
  std::deque<std::shared_ptr<const Ids>>
      settled_;     // committed while a claim was under way: its answer may still hold them
  int claims_ = 0;  // that are under way
  std::vector<std::string> history_;  // ids behind which own entries are read again; empty: done
  bool stopping_ = false;
  bool reading_ = false;
  bool drained_ = false;  // the last read brought less than it might
  bool empty_ = false;    // it brought nothing
  Clock::time_point next_read_{};
  Clock::time_point next_claim_{};
  Clock::time_point next_stats_{};
  core::CommitQueue queue_;  // goes first: it waits for intakes that the journal still has
};

}  // namespace kcloud::redis
