// librdkafka's consumer as an owning type: records, and what happens to the group.
//
// One thread calls it; the listener is called on that thread, inside poll(), close() and commits.
// poll() blocks for its timeout, commit() and close() for theirs. What a listener throws comes out
// of the call it was called in.
#pragma once

#include <librdkafka/rdkafka.h>

#include <chrono>
#include <exception>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "collectors/kafka/offsets.h"

namespace kcloud::kafka {

struct MessageDeleter {
  void operator()(rd_kafka_message_t* message) const { rd_kafka_message_destroy(message); }
};
// Has its topic, partition and offset also with an `err`.
using Message = std::unique_ptr<rd_kafka_message_t, MessageDeleter>;

class Listener {
 public:
  virtual ~Listener() = default;
  virtual void assigned(const std::vector<Place>& places) = 0;
  // Before the partitions go; `lost`: they went already, committing them is no longer ours.
  virtual void revoked(const std::vector<Place>& places, bool lost) = 0;
  // `error` is empty when `places` were committed.
  virtual void committed(const std::vector<Place>& places, const std::string& error) = 0;
  // Of the client as a whole; librdkafka goes on trying unless there is a fatal_error().
  virtual void failed(rd_kafka_resp_err_t code, const std::string& text) = 0;
};

class Consumer {
 public:
  using Properties = std::vector<std::pair<std::string, std::string>>;

  // Subscribes; the first poll() joins the group. `name` stands in log lines. Throws
  // std::runtime_error with a hint when librdkafka refuses a property or a pattern.
  Consumer(const std::string& name, const Properties& properties,
           const std::vector<std::string>& topics, Listener& listener);
  // close() comes before it; without, the group notices by its session timeout. Takes 3 s at most:
  // librdkafka may wait for ever for commits whose coordinator went; it is then left to itself.
  ~Consumer();
  Consumer(const Consumer&) = delete;
  Consumer& operator=(const Consumer&) = delete;

  // Empty when nothing came.
  Message poll(std::chrono::milliseconds timeout);

  void pause(const std::vector<Place>& places);
  void resume(const std::vector<Place>& places);
  // To be committed within about half a second, once the group is in order; committed() follows
  // inside a later poll().
  void store(const std::vector<Place>& places);
  // Waits for the answer, or says why it did not come; empty: committed.
  std::string commit(const std::vector<Place>& places, std::chrono::milliseconds timeout);
  // Asks a broker for something small; true when one answers within `timeout` and the time that a
  // fetch before it may take (fetch.wait.max.ms, of which at most 2 s).
  bool reachable(std::chrono::milliseconds timeout);
  // The end of a partition as of the newest answer; -1: not known yet.
  std::int64_t end_of(const Place& place) const;
  // Why the client is beyond repair, with the code of the cause; empty: it is not.
  std::pair<rd_kafka_resp_err_t, std::string> fatal_error() const;
  // Leaves the group; what is assigned is given up without revoked(). False: not in time.
  bool close(std::chrono::milliseconds timeout);

 private:
  struct Callbacks;
  struct Context;  // what librdkafka's threads may still use when this has gone
  void rebalance(rd_kafka_resp_err_t code, rd_kafka_topic_partition_list_t* list);
  void rethrow();

  const std::string name_;
  Listener& listener_;
  const std::shared_ptr<Context> context_;
  rd_kafka_t* handle_ = nullptr;
  std::chrono::milliseconds fetch_wait_{500};
  std::exception_ptr thrown_;  // by the listener, inside librdkafka
};

}  // namespace kcloud::kafka
