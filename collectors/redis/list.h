// Lists, as Filebeat's and Logstash's Redis outputs fill them.
//
// `reliable`: an element moves (LMOVE) to `<list>:processing:<consumer>` and leaves that one only
// after the journal's commit; what an earlier run left there is read first. Else elements are
// popped (LPOP): a crash loses what was under way.
#pragma once

#include <stop_token>

#include "collectors/redis/config.h"
#include "collectors/redis/status.h"
#include "core/collector.h"
#include "core/collector_context.h"

namespace kcloud::redis {

class ListReader {
 public:
  ListReader(const Config& config, const core::CollectorContext& context,
             std::map<std::string, std::string> types, std::uint32_t batch_events, Status& status);

  // As core::Collector::run.
  void run(const std::stop_token& stop, core::EventSink& sink);

 private:
  const Config& config_;
  const core::CollectorContext& context_;
  const std::map<std::string, std::string> types_;
  const std::uint32_t batch_events_;
  Status& status_;
  std::size_t address_ = 0;  // index of the one in use
};

}  // namespace kcloud::redis
