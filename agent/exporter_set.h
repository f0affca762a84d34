// The running exporters: one delivery loop each. Replaced as a whole when the configuration
// changes.
#pragma once

#include <chrono>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "agent/api/context.h"
#include "agent/delivery/delivery.h"
#include "agent/journal/journal.h"
#include "config/config.h"
#include "core/counters.h"
#include "core/time.h"

namespace kcloud::agent {

class ExporterSet {
 public:
  ExporterSet(journal::Journal& journal, const core::Clock& clock);
  ~ExporterSet();

  // Stops the loops that run and starts those of `config`. Cursors stay, so nothing is lost or left
  // out; counters go on under the exporter's name. They read from `feed`.
  void start(std::shared_ptr<const config::Config> config,
             std::shared_ptr<delivery::EventFeed> feed);
  // Politely: deliveries under way are finished, but for those that still run at `deadline`.
  void stop(std::chrono::steady_clock::time_point deadline);

  // For health and metrics; any thread.
  std::vector<api::ExporterView> views() const;

 private:
  struct Running;
  // Ends the loops; they stay in the views until others take their place.
  void halt(std::chrono::steady_clock::time_point deadline);
  journal::Journal& journal_;
  const core::Clock& clock_;
  std::map<std::string, std::shared_ptr<core::ExporterCounters>> counters_;  // start() only
  mutable std::mutex mutex_;
  std::vector<std::shared_ptr<Running>> running_;
};

}  // namespace kcloud::agent
