#include "follower.h"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <fstream>

#include "config/config.h"
#include "core/event_id.h"

namespace kcloud::file {
namespace {

std::shared_ptr<const core::Catalogue> catalogue() {
  config::Problems problems;
  return config::load_catalogue({}, config::Environment::system(), problems);
}

Config config_of(const std::string& logs, const std::string& options) {
  std::string text = options;
  if (options.find("paths:") == std::string::npos) text += "\npaths: ['" + logs + "/*.log']";
  if (options.find("rotate_wait:") == std::string::npos) text += "\nrotate_wait: 500ms";
  for (std::size_t at; (at = text.find("LOGS")) != std::string::npos;) text.replace(at, 4, logs);
  config::Problems problems;
  auto section = config::Section::parse(text, "test.yaml", config::Environment::system(), problems);
  const Config config = parse(section);
  section.finish();
  for (const auto& problem : problems) ADD_FAILURE() << problem.to_string();
  return config;
}

}  // namespace

std::string event(int number) {
  return fmt::format(
      R"({{"event_type":"scheduling_decision","timestamp":"2025-01-15T10:{:02}:{:02}.{:03}Z",)"
      R"("workload_id":"w-{}","selected_cluster":"gpu-cluster-01"}})",
      number / 60'000 % 60, number / 1000 % 60, number % 1000, number);
}

void MemorySink::accept(std::unique_ptr<core::Intake> intake, core::Completion done) {
  {
    const std::lock_guard lock(mutex_);
    if (!busy_) {
      for (core::Event& one : intake->batch.events) {
        ++handed_over_;
        // As the journal does it: an event with a key alone is known by the key's digest.
        std::string id = core::to_string(one.id);
        if (one.keyed && one.time_source == core::TimeSource::kArrival) id = id.substr(14);
        const auto [place, added] = by_id_.emplace(id, events_.size());
        if (added) {
          events_.push_back({std::string(one.body), id, std::string(one.source),
                             std::string(one.type_name), core::format_time(one.time), 0});
        }
        ++events_[place->second].times;
        one.verdict = added ? core::Verdict::kStored : core::Verdict::kDuplicate;
      }
      for (const auto& letter : intake->refused) letters_.push_back(letter);
    }
  }
  const bool busy = [this] {
    const std::lock_guard lock(mutex_);
    return busy_;
  }();
  done(busy ? core::CommitStatus::kBusy : core::CommitStatus::kCommitted, std::move(intake));
}

std::vector<MemorySink::Seen> MemorySink::events() const {
  const std::lock_guard lock(mutex_);
  return events_;
}

std::vector<core::DeadLetter> MemorySink::letters() const {
  const std::lock_guard lock(mutex_);
  return letters_;
}

std::size_t MemorySink::handed_over() const {
  const std::lock_guard lock(mutex_);
  return handed_over_;
}

void MemorySink::be_busy(bool busy) {
  const std::lock_guard lock(mutex_);
  busy_ = busy;
}

Follower::Follower(const std::string& options)
    : logs_(directory_.path() + "/logs"),
      state_(directory_.path() + "/state"),
      config_(config_of(logs_, options)) {
  std::filesystem::create_directories(logs_);
}

Follower::~Follower() { stop(); }

void Follower::start() {
  core::CollectorContext context;
  context.name = "files";
  context.agent = "agent";
  context.catalogue = catalogue();
  context.decode.keep_fields = false;
  context.decode.max_event_bytes = 64 << 10;
  context.state_dir = state_;
  context.clock = &clock_;
  collector_ = std::make_unique<Collector>(config_, std::move(context), 100);
  resume();
  if (!test_support::eventually([&] { return report().connected; })) ADD_FAILURE() << "no start";
}

void Follower::resume() {
  thread_ = std::jthread([this](std::stop_token stop) {
    try {
      collector_->run(stop, sink);
    } catch (const std::exception& error) {
      ADD_FAILURE() << error.what();
    }
  });
}

void Follower::stop() {
  if (!thread_.joinable()) return;
  thread_.request_stop();
  thread_.join();
}

double Follower::measure(const std::string& name) const {
  for (const auto& one : report().measures)
    if (one.name == name) return one.value;
  return -1;
}

void Follower::write(const std::string& name, const std::string& text) const {
  std::ofstream(path(name), std::ios::app) << text;
}

void Follower::write_events(const std::string& name, int first, int count) const {
  std::string text;
  for (int i = first; i < first + count; ++i) text += event(i) + "\n";
  write(name, text);
}

bool Follower::arrives(std::size_t events) const {
  return test_support::eventually([&] { return sink.events().size() >= events; });
}

testing::AssertionResult Follower::has_exactly(int count) const {
  if (!arrives(static_cast<std::size_t>(count)))
    return testing::AssertionFailure()
           << sink.events().size() << " of " << count << " arrived; " << report().last_error;
  std::vector<std::string> bodies, wanted;
  for (const auto& one : sink.events()) bodies.push_back(one.body);
  for (int i = 0; i < count; ++i) wanted.push_back(event(i));
  std::sort(bodies.begin(), bodies.end());
  std::sort(wanted.begin(), wanted.end());
  if (bodies == wanted) return testing::AssertionSuccess();
  return testing::AssertionFailure() << "other events than written: " << bodies.size();
}

}  // namespace kcloud::file
