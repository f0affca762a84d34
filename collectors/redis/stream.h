// Streams with a consumer group: an entry is acknowledged (XACK) only after the journal's commit,
// so that nothing is lost, whatever is killed: what was read and not acknowledged is read again
// first, what a dead consumer left is taken over (XAUTOCLAIM).
#pragma once

#include <memory>
#include <stop_token>
#include <string>
#include <vector>

#include "collectors/redis/config.h"
#include "collectors/redis/status.h"
#include "core/collector.h"
#include "core/collector_context.h"

namespace kcloud::redis {

class StreamReader {
 public:
  StreamReader(const Config& config, const core::CollectorContext& context,
               std::map<std::string, std::string> types, std::uint32_t batch_events,
               Status& status);

  // As core::Collector::run.
  void run(const std::stop_token& stop, core::EventSink& sink);

 private:
  const Config& config_;
  const core::CollectorContext& context_;
  const std::map<std::string, std::string> types_;
  const std::uint32_t batch_events_;
  Status& status_;
  std::size_t address_ = 0;  // index of the one in use
  bool joined_ = false;      // the groups were there once: a new one begins with all there is
};

}  // namespace kcloud::redis
