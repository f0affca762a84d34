// The running collectors beside the webhook. A reload leaves those alone for which nothing changed:
// a restart would be a gap for a source that keeps nothing.
#pragma once

#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "agent/api/context.h"
#include "agent/journal/journal.h"
#include "config/config.h"
#include "core/counters.h"
#include "core/time.h"

namespace kcloud::agent {

class CollectorSet {
 public:
  CollectorSet(journal::Journal& journal, const core::Clock& clock);
  ~CollectorSet();

  // Stops those that are gone or changed and starts the new ones. Counters go on under the
  // collector's name, and a paused one stays paused.
  void start(std::shared_ptr<const config::Config> config);
  void stop();

  // For health and metrics; any thread.
  std::vector<api::CollectorView> views() const;
  // Any thread; waits for what was handed over, a few seconds at most. False: there is none.
  bool pause(const std::string& name, bool paused);

 private:
  struct Running;
  std::shared_ptr<Running> make(const config::CollectorConfig& collector,
                                std::shared_ptr<const config::Config> config, bool paused);
  static void halt(const std::vector<std::shared_ptr<Running>>& running);

  journal::Journal& journal_;
  const core::Clock& clock_;
  std::map<std::string, std::shared_ptr<core::CollectorCounters>> counters_;  // start() only
  mutable std::mutex mutex_;
  std::vector<std::shared_ptr<Running>> running_;  // guarded
};

}  // namespace kcloud::agent
