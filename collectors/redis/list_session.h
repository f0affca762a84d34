// One connection's life of a list collector. One thread.
//
// An element's position is `<list>/<number>`; numbers count on in `<processing list>:read`, which
// moves in the same transaction as the elements leave, so that an element that is read again after
// a crash has the number that it had.
#pragma once

#include <chrono>
#include <memory>
#include <string>
#include <vector>

#include "collectors/redis/connection.h"
#include "collectors/redis/inbox.h"
#include "collectors/redis/status.h"
#include "core/commit_queue.h"

namespace kcloud::redis {

class ListSession {
 public:
  // `types`: of the lists, by index.
  ListSession(const Config& config, const core::CollectorContext& context,
              std::vector<std::string> types, std::uint32_t batch_events, Status& status,
              std::unique_ptr<Connection> connection, core::EventSink& sink);

  // Throws std::runtime_error when a key is no list.
  void open();
  // Until a stop or a failure; what was handed over is settled in either case.
  void run(const std::stop_token& stop);

 private:
  using Clock = std::chrono::steady_clock;

  struct List {
    std::string key;
    std::string type;
    std::string processing;
    std::string counter;
    std::uint64_t read = 0;       // number of the newest element
    bool recovering = false;      // the processing list is read before the list
    std::int64_t place = 0;       // in it, of the next element that is read again
    std::uint64_t recovered = 0;  // elements that were read again
    std::uint32_t asked = 1;      // moves a round
    std::uint32_t got = 0;        // of this round
    std::uint64_t gathered = 0;   // elements in the inbox
  };

  void step();
  void send_moves(List& list);
  void send_pop(List& list);
  void send_recovery(List& list);
  void on_recovery(List& list, const redisReply& reply);
  void take(List& list, const redisReply& element);
  void round_done();
  void send_stats();
  void submit();
  void send_removal(const List& list, std::uint64_t count);
  void settle(const std::stop_token& stop);
  void check(const redisReply& reply) const;

  const Config& config_;
  const core::CollectorContext& context_;
  const std::uint32_t batch_events_;
  Status& status_;
  std::unique_ptr<Connection> connection_;
  Inbox inbox_;
  std::vector<List> lists_;
  std::size_t awaited_ = 0;  // answers of this round
  bool idle_ = false;        // the last round brought nothing
  bool drained_ = false;     // it brought less than it might
  bool stopping_ = false;
  std::uint64_t events_under_way_ = 0;
  Clock::time_point next_round_{};
  Clock::time_point next_stats_{};
  core::CommitQueue queue_;  // goes first: it waits for intakes that the journal still has
};

}  // namespace kcloud::redis
