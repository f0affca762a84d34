#include "rules/frontier.h"

#include <algorithm>

namespace kcloud::rules {

void Frontier::add(const core::Event& event) {
  const core::Time time = effective_time(event);
  const auto found = collectors_.find(event.collector);
  if (found == collectors_.end()) {
    collectors_.emplace(std::string(event.collector), Seen{time, event.received});
    return;
  }
  found->second.time = std::max(found->second.time, time);
  found->second.received = std::max(found->second.received, event.received);
}

core::Time Frontier::at(core::Time now) {
  core::Time least = core::Time::max();
  for (const auto& [name, seen] : collectors_)
    if (now - seen.received < idle_after_) least = std::min(least, seen.time);
  reached_ = std::max(reached_, least == core::Time::max() ? now : least);
  return reached_;
}

core::Time effective_time(const core::Event& event) {
  return event.time > event.received + std::chrono::minutes(1) ? event.received : event.time;
}

}  // namespace kcloud::rules
