#include "agent/exporter_set.h"

#include <algorithm>
#include <utility>

#include "agent/plugins.h"

namespace kcloud::agent {

struct ExporterSet::Running {
  std::shared_ptr<const config::Config> config;  // keeps the catalogue that the loop decodes with
  config::ExporterConfig exporter;
  std::unique_ptr<delivery::Loop> loop;
};

ExporterSet::ExporterSet(journal::Journal& journal, const core::Clock& clock)
    : journal_(journal), clock_(clock) {}

ExporterSet::~ExporterSet() { stop(std::chrono::steady_clock::now()); }

void ExporterSet::start(std::shared_ptr<const config::Config> config,
                        std::shared_ptr<delivery::EventFeed> feed) {
  halt(std::chrono::steady_clock::now() + config->agent.shutdown_timeout);
  std::vector<std::string> required;
  std::vector<std::shared_ptr<Running>> started;
  std::map<std::string, std::shared_ptr<core::ExporterCounters>> counters;
  for (const auto& exporter : config->exporters) {
    if (!exporter.enabled) continue;
    delivery::Options options;
    options.name = exporter.name;
    options.delivery = exporter.delivery;
    auto& kept = counters_[exporter.name];
    if (!kept) kept = std::make_shared<core::ExporterCounters>();
    options.counters = counters[exporter.name] = kept;
    options.feed = feed;
    options.decode.default_zone = core::Zone(config->agent.default_zone);
    auto running = std::make_shared<Running>();
    running->config = config;
    running->exporter = exporter;
    running->loop = std::make_unique<delivery::Loop>(
        std::move(options), journal_, *config->catalogue, make_exporter(exporter, *config), clock_);
    if (exporter.required) required.push_back("exporter:" + exporter.name);
    started.push_back(std::move(running));
  }
  counters_.swap(counters);
  journal_.set_required(std::move(required));
  for (const auto& running : started) running->loop->start();
  std::lock_guard guard(mutex_);
  running_.swap(started);
}

void ExporterSet::stop(std::chrono::steady_clock::time_point deadline) {
  halt(deadline);
  std::vector<std::shared_ptr<Running>> stopped;
  std::lock_guard guard(mutex_);
  stopped.swap(running_);
}

void ExporterSet::halt(std::chrono::steady_clock::time_point deadline) {
  std::vector<std::shared_ptr<Running>> halting;
  {
    std::lock_guard guard(mutex_);
    halting = running_;
  }
  for (const auto& running : halting) running->loop->request_stop();
  for (const auto& running : halting) {
    const auto left = deadline - std::chrono::steady_clock::now();
    running->loop->join(std::max(std::chrono::milliseconds(0),
                                 std::chrono::duration_cast<std::chrono::milliseconds>(left)));
  }
}

std::vector<api::ExporterView> ExporterSet::views() const {
  std::lock_guard guard(mutex_);
  std::vector<api::ExporterView> views;
  for (const auto& running : running_) {
    views.push_back({running->exporter.name, running->exporter.type, running->exporter.required,
                     [running] { return running->loop->status(); }, &running->loop->counters(),
                     [running](std::shared_ptr<core::EventBatch> batch,
                               std::function<void(const delivery::SideResult&)> done) {
                       running->loop->deliver_beside(std::move(batch), std::move(done));
                     },
                     running->loop->keeps_seals(), running->exporter.delivery});
  }
  return views;
}

}  // namespace kcloud::agent
