#include "tests/support/kafka_server.h"

#include <fmt/format.h>
#include <librdkafka/rdkafka.h>
#include <signal.h>

#include <array>
#include <filesystem>
#include <fstream>
#include <stdexcept>

namespace kcloud::test_support {
namespace {

using std::chrono::seconds;

constexpr int kPatienceMs = 30'000;

constexpr const char* kConfig = R"(process.roles=broker,controller
node.id=1
controller.quorum.voters=1@127.0.0.1:{controller}
listeners=PLAINTEXT://{broker},SASL://{sasl},CONTROLLER://127.0.0.1:{controller}
advertised.listeners=PLAINTEXT://{broker},SASL://{sasl}
controller.listener.names=CONTROLLER
listener.security.protocol.map=CONTROLLER:PLAINTEXT,PLAINTEXT:PLAINTEXT,SASL:SASL_PLAINTEXT
inter.broker.listener.name=PLAINTEXT
sasl.enabled.mechanisms=PLAIN
listener.name.sasl.plain.sasl.jaas.config=org.apache.kafka.common.security.plain.PlainLoginModule required user_logger="secret";
log.dirs={dir}/data
num.partitions=4
auto.create.topics.enable=true
offsets.topic.replication.factor=1
offsets.topic.num.partitions=1
transaction.state.log.replication.factor=1
transaction.state.log.min.isr=1
transaction.state.log.num.partitions=1
group.initial.rebalance.delay.ms=0
group.min.session.timeout.ms=1000
socket.request.max.bytes=268435456
broker.session.timeout.ms=2000
broker.heartbeat.interval.ms=500
controlled.shutdown.enable=false
)";

std::string jars() { return std::string(KCLOUD_SOURCE_DIR) + "/build/kafka/jars"; }

std::vector<std::string> java(const std::string& main, const std::string& more = {}) {
  std::vector<std::string> words = {
      "java",        "-Xmx384m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", "-cp",
      jars() + "/*", main};
  if (!more.empty()) words.push_back(more);
  return words;
}

void check(rd_kafka_resp_err_t code, const char* what) {
  if (code != RD_KAFKA_RESP_ERR_NO_ERROR)
    throw std::runtime_error(fmt::format("{}: {}", what, rd_kafka_err2str(code)));
}

void check(rd_kafka_error_t* error, const char* what) {
  if (error == nullptr) return;
  const std::string text = rd_kafka_error_string(error);
  rd_kafka_error_destroy(error);
  throw std::runtime_error(fmt::format("{}: {}", what, text));
}

class Handle {
 public:
  Handle(rd_kafka_type_t type, std::map<std::string, std::string> properties) {
    rd_kafka_conf_t* conf = rd_kafka_conf_new();
    std::array<char, 512> error{};
    properties.emplace("message.max.bytes", "200000000");
    for (const auto& [name, value] : properties)
      if (rd_kafka_conf_set(conf, name.c_str(), value.c_str(), error.data(), error.size()) !=
          RD_KAFKA_CONF_OK)
        throw std::runtime_error(error.data());
    if (type == RD_KAFKA_PRODUCER)
      rd_kafka_conf_set_dr_msg_cb(
          conf, [](rd_kafka_t*, const rd_kafka_message_t* message, void* of) {
            if (message->err != RD_KAFKA_RESP_ERR_NO_ERROR)
              *static_cast<std::string*>(of) = rd_kafka_err2str(message->err);
          });
    rd_kafka_conf_set_opaque(conf, &failure_);
    handle_ = rd_kafka_new(type, conf, error.data(), error.size());
    if (handle_ == nullptr) throw std::runtime_error(error.data());
  }
  ~Handle() { rd_kafka_destroy(handle_); }
  Handle(const Handle&) = delete;
  Handle& operator=(const Handle&) = delete;
  operator rd_kafka_t*() const { return handle_; }  // NOLINT: what the C functions take
  const std::string& failure() const { return failure_; }

 private:
  std::string failure_;
  rd_kafka_t* handle_ = nullptr;
};

void produce_one(rd_kafka_t* handle, const KafkaRecord& record) {
  rd_kafka_headers_t* headers = rd_kafka_headers_new(record.headers.size());
  for (const auto& [name, value] : record.headers)
    rd_kafka_header_add(headers, name.data(), static_cast<ssize_t>(name.size()), value.data(),
                        static_cast<ssize_t>(value.size()));
  for (;;) {
    auto* const value = record.value ? const_cast<char*>(record.value->data()) : nullptr;
    const std::size_t size = record.value ? record.value->size() : 0;
    const auto code = rd_kafka_producev(
        handle, RD_KAFKA_V_TOPIC(record.topic.c_str()), RD_KAFKA_V_PARTITION(record.partition),
        RD_KAFKA_V_MSGFLAGS(RD_KAFKA_MSG_F_COPY), RD_KAFKA_V_VALUE(value, size),
        RD_KAFKA_V_KEY(record.key.empty() ? nullptr : record.key.data(), record.key.size()),
        RD_KAFKA_V_TIMESTAMP(record.timestamp_ms), RD_KAFKA_V_HEADERS(headers), RD_KAFKA_V_END);
    if (code != RD_KAFKA_RESP_ERR__QUEUE_FULL) return check(code, "produce");
    rd_kafka_poll(handle, 100);
  }
}

using List = std::unique_ptr<rd_kafka_topic_partition_list_t,
                             decltype(&rd_kafka_topic_partition_list_destroy)>;

List one_partition(const std::string& topic, std::int32_t partition) {
  List list(rd_kafka_topic_partition_list_new(1), rd_kafka_topic_partition_list_destroy);
  rd_kafka_topic_partition_list_add(list.get(), topic.c_str(), partition);
  return list;
}

}  // namespace

bool KafkaServer::available() { return std::filesystem::exists(jars()); }

KafkaServer::KafkaServer()
    : broker_(fmt::format("127.0.0.1:{}", free_port())),
      sasl_broker_(fmt::format("127.0.0.1:{}", free_port())) {
  const std::string file = directory_.path() + "/server.properties";
  std::ofstream(file) << fmt::format(
      fmt::runtime(kConfig), fmt::arg("broker", broker_), fmt::arg("sasl", sasl_broker_),
      fmt::arg("controller", free_port()), fmt::arg("dir", directory_.path()));
  auto format = java("kafka.tools.StorageTool", "format");
  format.insert(format.end(), {"-t", "a2Nsb3VkLWxvZ2dlci10ZQ", "-c", file});
  ServerProcess tool(format, directory_.path() + "/format.log");
  if (!eventually([&] { return !tool.running(); }, seconds(60)))
    throw std::runtime_error("kafka.tools.StorageTool did not end");
  start();
}

KafkaServer::~KafkaServer() {
  if (process_) process_->end(SIGKILL);  // nothing of it is needed any more
}

void KafkaServer::start() {
  process_ =
      std::make_unique<ServerProcess>(java("kafka.Kafka", directory_.path() + "/server.properties"),
                                      directory_.path() + "/kafka.log");
  const Handle probe(RD_KAFKA_PRODUCER, {{"bootstrap.servers", broker_}, {"log_level", "0"}});
  const bool up = eventually(
      [&] {
        const rd_kafka_metadata_t* metadata = nullptr;
        if (rd_kafka_metadata(probe, 0, nullptr, &metadata, 1000) != RD_KAFKA_RESP_ERR_NO_ERROR)
          return !process_->running();
        const bool ready = metadata->broker_cnt > 0;  // else it does not serve yet
        rd_kafka_metadata_destroy(metadata);
        return ready;
      },
      seconds(60));
  if (!up || !process_->running()) throw std::runtime_error("the Kafka broker did not start");
}

void KafkaServer::stop() { process_->end(SIGTERM); }
void KafkaServer::kill() { process_->end(SIGKILL); }

void KafkaServer::create_topic(const std::string& name, int partitions,
                               const std::map<std::string, std::string>& config) {
  const Handle handle(RD_KAFKA_PRODUCER, {{"bootstrap.servers", broker_}});
  rd_kafka_NewTopic_t* topic = rd_kafka_NewTopic_new(name.c_str(), partitions, 1, nullptr, 0);
  for (const auto& [key, value] : config)
    rd_kafka_NewTopic_set_config(topic, key.c_str(), value.c_str());
  rd_kafka_queue_t* queue = rd_kafka_queue_new(handle);
  rd_kafka_CreateTopics(handle, &topic, 1, nullptr, queue);
  rd_kafka_event_t* event = rd_kafka_queue_poll(queue, kPatienceMs);
  const auto code = event == nullptr ? RD_KAFKA_RESP_ERR__TIMED_OUT : rd_kafka_event_error(event);
  std::size_t count = 0;
  std::string failure;
  if (code == RD_KAFKA_RESP_ERR_NO_ERROR) {
    const auto* const* results =
        rd_kafka_CreateTopics_result_topics(rd_kafka_event_CreateTopics_result(event), &count);
    if (count == 1 && rd_kafka_topic_result_error(results[0]) != RD_KAFKA_RESP_ERR_NO_ERROR)
      failure = rd_kafka_topic_result_error_string(results[0]);
  }
  if (event != nullptr) rd_kafka_event_destroy(event);
  rd_kafka_queue_destroy(queue);
  rd_kafka_NewTopic_destroy(topic);
  check(code, "create topic");
  if (!failure.empty()) throw std::runtime_error(failure);
}

void KafkaServer::produce(const std::vector<KafkaRecord>& records,
                          const std::map<std::string, std::string>& properties) {
  auto all = properties;
  all["bootstrap.servers"] = broker_;
  all.emplace("linger.ms", "5");
  const Handle handle(RD_KAFKA_PRODUCER, all);
  for (const auto& record : records) produce_one(handle, record);
  check(rd_kafka_flush(handle, kPatienceMs), "flush");
  if (!handle.failure().empty()) throw std::runtime_error(handle.failure());
}

void KafkaServer::produce_transaction(const std::vector<KafkaRecord>& records, bool commit) {
  const Handle handle(RD_KAFKA_PRODUCER,
                      {{"bootstrap.servers", broker_}, {"transactional.id", "test"}});
  check(rd_kafka_init_transactions(handle, kPatienceMs), "init transactions");
  check(rd_kafka_begin_transaction(handle), "begin transaction");
  for (const auto& record : records) produce_one(handle, record);
  check(rd_kafka_flush(handle, kPatienceMs), "flush");
  check(commit ? rd_kafka_commit_transaction(handle, kPatienceMs)
               : rd_kafka_abort_transaction(handle, kPatienceMs),
        "end transaction");
}

std::int64_t KafkaServer::committed(const std::string& group, const std::string& topic,
                                    std::int32_t partition) {
  const Handle handle(RD_KAFKA_CONSUMER, {{"bootstrap.servers", broker_}, {"group.id", group}});
  const List list = one_partition(topic, partition);
  check(rd_kafka_committed(handle, list.get(), kPatienceMs), "committed");
  return list->elems[0].offset == RD_KAFKA_OFFSET_INVALID ? -1 : list->elems[0].offset;
}

void KafkaServer::rewind(const std::string& group, const std::string& topic, std::int32_t partition,
                         std::int64_t offset) {
  const Handle handle(RD_KAFKA_CONSUMER, {{"bootstrap.servers", broker_}, {"group.id", group}});
  const List list = one_partition(topic, partition);
  list->elems[0].offset = offset;
  check(rd_kafka_commit(handle, list.get(), 0), "rewind");
}

}  // namespace kcloud::test_support
