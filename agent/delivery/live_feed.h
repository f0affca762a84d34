// What the journal stores, for the readers of one configuration, from the first to the last of
// them.
#pragma once

#include <memory>

#include "agent/delivery/event_feed.h"
#include "agent/journal/journal.h"
#include "config/config.h"

namespace kcloud::delivery {

class LiveFeed {
 public:
  // The journal outlives it.
  LiveFeed(journal::Journal& journal, std::shared_ptr<const config::Config> config)
      : config_(std::move(config)), subscription_(journal.subscribe_stored([this](auto stored) {
          feed_->offer(std::move(stored), *config_->catalogue);
        })) {}

  const std::shared_ptr<EventFeed>& events() const { return feed_; }

 private:
  const std::shared_ptr<const config::Config> config_;  // keeps the catalogue
  const std::shared_ptr<EventFeed> feed_ = std::make_shared<EventFeed>();
  const std::unique_ptr<journal::Journal::Subscription> subscription_;  // last: ends first
};

}  // namespace kcloud::delivery
