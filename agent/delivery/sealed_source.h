// What a sink that keeps seals gets next: the sealed batches behind the one it has, with their
// events. Where it stands is the sink's own word.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <stop_token>
#include <vector>

#include "agent/delivery/event_feed.h"
#include "agent/journal/journal.h"
#include "agent/journal/reader.h"
#include "core/exporter.h"
#include "core/sha256.h"

namespace kcloud::delivery {

class SealedSource {
 public:
  // `events` reads the journal's events with their fields.
  SealedSource(journal::Journal& journal, core::Exporter& exporter, std::size_t batch_events,
               std::size_t batch_bytes, EventFeed::Load events)
      : journal_(journal),
        exporter_(exporter),
        batch_events_(batch_events),
        batch_bytes_(batch_bytes),
        events_(std::move(events)) {}

  // Waits a while for a batch and reads it, with those behind it that make up `batch_events` and
  // `batch_bytes`, or alone. False: nothing yet. Throws what the sink or the reader throws, and
  // core::Held when the sink's chain is not this one.
  bool read(journal::Reader& reader, core::EventBatch& events, std::stop_token stop);
  core::SealedBatches batches(const core::EventBatch& events) const {
    return {seals_, events.events};
  }
  // The sink has them.
  void delivered();
  // The sink may or may not have them: it is asked again.
  void forget() { head_.reset(); }

  const std::vector<core::Seal>& seals() const { return seals_; }
  // Of the sealed events not in `events`: retention took them before the sink was there.
  std::uint64_t missing(const core::EventBatch& events) const;

 private:
  void find_place(journal::Reader& reader);
  void check_head(journal::Reader& reader, const journal::ChainPart& part,
                  const core::SealedHead& head);
  std::uint64_t last_common(journal::Reader& reader, const core::ChainId& chain,
                            std::uint64_t below);
  void read_events(std::size_t most, core::EventBatch& events);

  journal::Journal& journal_;
  core::Exporter& exporter_;
  const std::size_t batch_events_, batch_bytes_;
  const EventFeed::Load events_;  // of the journal
  journal::ChainPart
      part_;  // the chain that the sink is at; one that was replaced up to where it was
  std::optional<core::SealedHead> head_;
  std::uint64_t end_ = 0;  // journal position that the head's batch ends at
  std::vector<core::Seal> seals_;
  core::Sha256Hasher hasher_;
};

}  // namespace kcloud::delivery
