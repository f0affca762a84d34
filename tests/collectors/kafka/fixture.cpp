#include "tests/collectors/kafka/fixture.h"

#include <fmt/format.h>

#include <utility>

namespace kcloud::kafka::testing {

std::unique_ptr<KafkaServer> KafkaBroker::server_;

void RecordingSink::accept(std::unique_ptr<core::Intake> intake, core::Completion done) {
  auto status = core::CommitStatus::kBusy;
  {
    const std::lock_guard lock(mutex_);
    if (answer_ == Answer::kHold) {
      held_.emplace_back(std::move(intake), std::move(done));
      return;
    }
    if (answer_ == Answer::kCommit) {
      keep(*intake);
      status = core::CommitStatus::kCommitted;
    }
  }
  done(status, std::move(intake));
}

void RecordingSink::answer(Answer answer) {
  std::vector<std::pair<std::unique_ptr<core::Intake>, core::Completion>> held;
  {
    const std::lock_guard lock(mutex_);
    answer_ = answer;
    if (answer != Answer::kCommit) return;
    held.swap(held_);
    for (const auto& [intake, done] : held) keep(*intake);
  }
  for (auto& [intake, done] : held) done(core::CommitStatus::kCommitted, std::move(intake));
}

void RecordingSink::keep(const core::Intake& intake) {
  for (const core::Event& event : intake.batch.events)
    events_.push_back({core::to_string(event.id), std::string(event.body),
                       std::string(event.type_name), std::string(event.collector), event.time,
                       event.time_source});
  dead_letters_.insert(dead_letters_.end(), intake.refused.begin(), intake.refused.end());
}

std::vector<RecordingSink::Kept> RecordingSink::events() const {
  const std::lock_guard lock(mutex_);
  return events_;
}

std::vector<core::DeadLetter> RecordingSink::dead_letters() const {
  const std::lock_guard lock(mutex_);
  return dead_letters_;
}

std::map<int, int> RecordingSink::numbers() const {
  std::map<int, int> numbers;
  const std::lock_guard lock(mutex_);
  for (const Kept& event : events_)
    ++numbers[std::stoi(event.body.substr(event.body.find(':') + 1))];
  return numbers;
}

std::size_t RecordingSink::held() const {
  const std::lock_guard lock(mutex_);
  std::size_t events = 0;
  for (const auto& [intake, done] : held_) events += intake->batch.events.size();
  return events;
}

Running::Running(Config config, core::EventSink& sink, std::uint32_t batch_events)
    : sink_(sink), catalogue_(config::default_config({}).catalogue) {
  core::CollectorContext context;
  context.name = "fleet";
  context.agent = "agent-1";
  context.catalogue = catalogue_;
  context.clock = &clock_;
  collector_ = std::make_unique<Collector>(std::move(config), context, batch_events);
  start();
}

Running::~Running() { stop(); }

void Running::start() {
  thread_ = std::jthread([this](std::stop_token stop) {
    try {
      collector_->run(stop, sink_);
    } catch (const std::exception& error) {
      const std::lock_guard lock(mutex_);
      failure_ = error.what();
    }
  });
}

void Running::stop() {
  thread_.request_stop();
  if (thread_.joinable()) thread_.join();
}

std::string Running::failure() const {
  const std::lock_guard lock(mutex_);
  return failure_;
}

double Running::measure(const std::string& name) const {
  double sum = 0;
  for (const auto& measure : report().measures) sum += measure.name == name ? measure.value : 0;
  return sum;
}

void KafkaBroker::SetUpTestSuite() { server_ = std::make_unique<KafkaServer>(); }
void KafkaBroker::TearDownTestSuite() { server_.reset(); }

Config KafkaBroker::topic(int partitions, const std::map<std::string, std::string>& config) {
  name_ = ::testing::UnitTest::GetInstance()->current_test_info()->name();
  server().create_topic(name_, partitions, config);
  Config made;
  made.brokers = {server().broker()};
  made.topics = {name_};
  made.group = "group-" + name_;
  return made;
}

void KafkaBroker::produce(int first, int count, int partitions) {
  std::vector<KafkaRecord> records;
  for (int i = first; i < first + count; ++i)
    records.push_back({name_, i % partitions, numbered(i)});
  server().produce(records);
}

std::string numbered(int number) {
  return fmt::format(
      R"({{"n":{},"event_type":"load","timestamp":"2025-01-15T10:30:00Z","source":"test"}})",
      number);
}

std::string decision(const std::string& workload) {
  return fmt::format(
      R"({{"event_type":"scheduling_decision","timestamp":"2025-01-15T10:30:00Z",)"
      R"("workload":{{"id":"{}"}},"decision":{{"selected_cluster":"gpu-01","reason":"r"}}}})",
      workload);
}

}  // namespace kcloud::kafka::testing
