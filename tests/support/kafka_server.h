// A real Apache Kafka broker (KRaft mode, one node) on free loopback ports with a temporary
// directory, and a client that writes to it. Its jars are fetched by tools/fetch-kafka.sh.
#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "tests/support/environment.h"
#include "tests/support/server_process.h"

namespace kcloud::test_support {

struct KafkaRecord {
  std::string topic;
  std::int32_t partition = 0;
  std::optional<std::string> value;  // nullopt: a tombstone
  std::vector<std::pair<std::string, std::string>> headers = {};
  std::int64_t timestamp_ms = 0;  // 0: now
  std::string key = {};
};

class KafkaServer {
 public:
  // Whether the jars are there; without, nothing can be started.
  static bool available();

  // Starts and waits until it answers, some seconds. Throws std::runtime_error when it does not.
  KafkaServer();
  ~KafkaServer();

  const std::string& broker() const { return broker_; }  // host:port
  // A listener with SASL PLAIN, for `logger` / `secret`.
  const std::string& sasl_broker() const { return sasl_broker_; }

  // `config`: of the topic, such as max.message.bytes.
  void create_topic(const std::string& name, int partitions,
                    const std::map<std::string, std::string>& config = {});
  // Returns when all are acknowledged. `properties` of librdkafka, for compression and the like.
  void produce(const std::vector<KafkaRecord>& records,
               const std::map<std::string, std::string>& properties = {});
  // One transaction, aborted or committed.
  void produce_transaction(const std::vector<KafkaRecord>& records, bool commit);
  // The group's next offset of a partition; -1: none.
  std::int64_t committed(const std::string& group, const std::string& topic,
                         std::int32_t partition);
  // Sets it; the group must have no members.
  void rewind(const std::string& group, const std::string& topic, std::int32_t partition,
              std::int64_t offset);

  void stop();   // SIGTERM and wait
  void kill();   // SIGKILL and wait
  void start();  // again, same port and data

 private:
  TemporaryDirectory directory_;
  std::string broker_;
  std::string sasl_broker_;
  std::unique_ptr<ServerProcess> process_;
};

}  // namespace kcloud::test_support
