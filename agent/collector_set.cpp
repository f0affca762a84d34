#include "agent/collector_set.h"

#include <algorithm>
#include <utility>

#include "agent/collector_runner.h"
#include "agent/plugins.h"
#include "agent/startup.h"

namespace kcloud::agent {

namespace {

core::Dedup dedup_of(const std::string& name) {
  if (name == "content") return core::Dedup::kContent;
  return name == "position" ? core::Dedup::kPosition : core::Dedup::kId;
}

// Whether a collector that runs under `now` would be the same under `wanted`.
bool same(const config::CollectorConfig& now, const config::CollectorConfig& wanted) {
  if (now.type != wanted.type || now.dedup != wanted.dedup ||
      now.batch_events != wanted.batch_events || now.backoff_initial != wanted.backoff_initial ||
      now.backoff_max != wanted.backoff_max) {
    return false;
  }
  const auto known = plugins().collectors;
  const auto plugin = std::find_if(known.begin(), known.end(),
                                   [&](const auto& one) { return one.type == now.type; });
  return plugin != known.end() && plugin->equal(now.options.get(), wanted.options.get());
}

bool same_decoding(const config::Config& now, const config::Config& wanted) {
  return now.intake == wanted.intake && now.agent.default_zone == wanted.agent.default_zone &&
         now.catalogue == wanted.catalogue && now.redaction == wanted.redaction;
}

}  // namespace

// `config` holds the catalogue and the options that the collector uses.
struct CollectorSet::Running {
  std::shared_ptr<const config::Config> config;
  config::CollectorConfig collector;
  std::unique_ptr<CollectorRunner> runner;
};

CollectorSet::CollectorSet(journal::Journal& journal, const core::Clock& clock)
    : journal_(journal), clock_(clock) {}

CollectorSet::~CollectorSet() { stop(); }

std::shared_ptr<CollectorSet::Running> CollectorSet::make(
    const config::CollectorConfig& collector, std::shared_ptr<const config::Config> config,
    bool paused) {
  core::CollectorContext context;
  context.name = collector.name;
  context.agent = agent_name(config->agent);
  context.catalogue = config->catalogue;
  context.decode = config::decode_options(*config);
  context.dedup = dedup_of(collector.dedup);
  context.dead_letter_body_bytes = config->intake.dead_letter_body_bytes;
  context.state_dir = config->agent.data_dir + "/collectors/" + collector.name;
  context.clock = &clock_;
  auto& counters = counters_[collector.name];
  if (!counters) counters = std::make_shared<core::CollectorCounters>();
  auto running = std::make_shared<Running>();
  running->config = std::move(config);
  running->collector = collector;
  running->runner = std::make_unique<CollectorRunner>(
      CollectorRunner::Options{
          collector.name, {collector.backoff_initial, collector.backoff_max}, paused, counters},
      make_collector(collector, std::move(context)), journal_, clock_);
  return running;
}

void CollectorSet::start(std::shared_ptr<const config::Config> config) {
  std::vector<std::shared_ptr<Running>> before, kept, ended;
  {
    const std::lock_guard lock(mutex_);
    before = running_;
  }
  for (const auto& running : before) {
    const auto wanted = std::find_if(
        config->collectors.begin(), config->collectors.end(),
        [&](const auto& one) { return one.enabled && one.name == running->collector.name; });
    const bool stays = wanted != config->collectors.end() && same(running->collector, *wanted) &&
                       same_decoding(*running->config, *config);
    (stays ? kept : ended).push_back(running);
  }
  halt(ended);
  for (const auto& collector : config->collectors) {
    const auto of_name = [&](const auto& one) { return one->collector.name == collector.name; };
    if (!collector.enabled || std::any_of(kept.begin(), kept.end(), of_name)) continue;
    const auto old = std::find_if(ended.begin(), ended.end(), of_name);
    kept.push_back(make(collector, config, old != ended.end() && (*old)->runner->paused()));
  }
  const std::lock_guard lock(mutex_);
  running_.swap(kept);
}

void CollectorSet::halt(const std::vector<std::shared_ptr<Running>>& running) {
  for (const auto& one : running) one->runner->request_stop();
  for (const auto& one : running) one->runner->stop();
}

void CollectorSet::stop() {
  std::vector<std::shared_ptr<Running>> running;
  {
    const std::lock_guard lock(mutex_);
    running = running_;
  }
  halt(running);
}

std::vector<api::CollectorView> CollectorSet::views() const {
  const std::lock_guard lock(mutex_);
  std::vector<api::CollectorView> views;
  for (const auto& running : running_) {
    views.push_back({running->collector.name, running->collector.type,
                     [running] { return running->runner->status(); },
                     &running->runner->counters()});
  }
  return views;
}

bool CollectorSet::pause(const std::string& name, bool paused) {
  std::shared_ptr<Running> found;
  {
    const std::lock_guard lock(mutex_);
    const auto one = std::find_if(running_.begin(), running_.end(), [&](const auto& running) {
      return running->collector.name == name;
    });
    if (one == running_.end()) return false;
    found = *one;
  }
  if (paused) {
    found->runner->pause();
  } else {
    found->runner->resume();
  }
  return true;
}

}  // namespace kcloud::agent
