// bench_kafka: fills a topic with events as fast as the broker takes them (`produce`), or reads it
// with the collector into a sink that completes at once (`collect`): what all before the journal
// costs.
#include <fmt/format.h>
#include <librdkafka/rdkafka.h>
#include <sys/resource.h>

#include <CLI/CLI.hpp>
#include <array>
#include <atomic>
#include <iostream>
#include <stdexcept>
#include <thread>

#include "bench/body/body.h"
#include "collectors/kafka/collector.h"
#include "config/config.h"

namespace {

using namespace kcloud;
using Clock = std::chrono::steady_clock;

struct Options {
  std::string broker = "127.0.0.1:9092";
  std::string topic = "kcloud-events";
  std::string group = "bench";
  std::uint64_t events = 500'000;
  std::uint32_t run = 1;
};

double seconds(const timeval& time) {
  return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) * 1e-6;
}

double cpu_seconds(int who) {
  rusage usage{};
  getrusage(who, &usage);
  return seconds(usage.ru_utime) + seconds(usage.ru_stime);
}

void produce(const Options& options) {
  std::array<char, 512> error{};
  rd_kafka_conf_t* conf = rd_kafka_conf_new();
  const std::array<std::pair<const char*, std::string>, 4> properties = {{
      {"bootstrap.servers", options.broker},
      {"linger.ms", "20"},
      {"batch.size", "500000"},
      {"queue.buffering.max.messages", "200000"},
  }};
  for (const auto& [name, value] : properties) {
    if (rd_kafka_conf_set(conf, name, value.c_str(), error.data(), error.size()) !=
        RD_KAFKA_CONF_OK)
      throw std::runtime_error(error.data());
  }
  rd_kafka_t* handle = rd_kafka_new(RD_KAFKA_PRODUCER, conf, error.data(), error.size());
  if (handle == nullptr) throw std::runtime_error(error.data());
  rd_kafka_topic_t* topic = rd_kafka_topic_new(handle, options.topic.c_str(), nullptr);
  const bench::BodyTemplate body(options.run);
  std::string text = body.text();
  bench::TimeText time;
  for (std::uint64_t i = 0; i < options.events;) {
    body.patch(text.data(), i, time.at(bench::unix_ms_now()));
    if (rd_kafka_produce(topic, RD_KAFKA_PARTITION_UA, RD_KAFKA_MSG_F_COPY, text.data(),
                         text.size(), nullptr, 0, nullptr) == 0)
      ++i;
    else
      rd_kafka_poll(handle, 10);
  }
  const auto code = rd_kafka_flush(handle, 120'000);
  rd_kafka_topic_destroy(topic);
  rd_kafka_destroy(handle);
  if (code != RD_KAFKA_RESP_ERR_NO_ERROR) throw std::runtime_error(rd_kafka_err2str(code));
}

// Completes at once and counts.
class Drain final : public core::EventSink {
 public:
  void accept(std::unique_ptr<core::Intake> intake, core::Completion done) override {
    count += intake->batch.events.size();
    done(core::CommitStatus::kCommitted, std::move(intake));
  }
  std::atomic<std::uint64_t> count{0};
};

void collect(const Options& options) {
  const core::SystemClock clock;
  core::CollectorContext context;
  context.name = "bench";
  context.agent = "bench";
  const config::Config defaults = config::default_config({});
  context.catalogue = defaults.catalogue;
  context.decode = config::decode_options(defaults);
  context.clock = &clock;
  kafka::Config config;
  config.brokers = {options.broker};
  config.topics = {options.topic};
  config.group = options.group;
  kafka::Collector collector(config, context, 1000);
  Drain drain;
  double thread_cpu = 0;
  const double before = cpu_seconds(RUSAGE_SELF);
  std::jthread thread([&](std::stop_token stop) {
    collector.run(stop, drain);
    thread_cpu = cpu_seconds(RUSAGE_THREAD);
  });
  while (drain.count == 0) std::this_thread::sleep_for(std::chrono::milliseconds(1));
  const auto begin = Clock::now();
  while (drain.count < options.events) std::this_thread::sleep_for(std::chrono::milliseconds(1));
  const std::chrono::duration<double> took = Clock::now() - begin;
  thread.request_stop();
  thread.join();
  const double all = cpu_seconds(RUSAGE_SELF) - before;
  const double each = 1e6 / static_cast<double>(options.events);
  fmt::print("{{\"events_per_s\":{:.0f},\"collector_us\":{:.2f},\"librdkafka_us\":{:.2f}}}\n",
             static_cast<double>(options.events) / took.count(), thread_cpu * each,
             (all - thread_cpu) * each);
}

}  // namespace

int main(int argc, char** argv) {
  Options options;
  CLI::App app("Fills a topic of Kafka, or reads it with the collector");
  app.require_subcommand(1);
  app.fallthrough();
  app.add_option("--broker", options.broker);
  app.add_option("--topic", options.topic);
  app.add_option("--group", options.group);
  app.add_option("--events", options.events);
  app.add_option("--run", options.run, "keeps the events of two runs apart");
  const auto* producing = app.add_subcommand("produce");
  app.add_subcommand("collect");
  CLI11_PARSE(app, argc, argv);
  try {
    producing->parsed() ? produce(options) : collect(options);
  } catch (const std::exception& error) {
    std::cerr << "bench_kafka: " << error.what() << '\n';
    return 1;
  }
}
