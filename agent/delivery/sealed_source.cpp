#include "agent/delivery/sealed_source.h"

#include <fmt/format.h>

#include <algorithm>
#include <limits>
#include <utility>

namespace kcloud::delivery {
namespace {

constexpr std::size_t kMostSeals = 64;  // in one delivery
constexpr std::chrono::milliseconds kWait{1000};

std::optional<core::Seal> seal_of(journal::Reader& reader, const core::ChainId& chain,
                                  std::uint64_t seq) {
  const auto found = reader.seals_after(chain, seq - 1, 1);
  if (found.empty() || found.front().seq != seq) return std::nullopt;
  return found.front();
}

}  // namespace

// The newest batch below `below` that the sink and the journal share; 0: none. Once two chains part
// they never meet again.
std::uint64_t SealedSource::last_common(journal::Reader& reader, const core::ChainId& chain,
                                        std::uint64_t below) {
  std::uint64_t common = 0;
  for (std::uint64_t low = 1, high = below; low < high;) {
    const std::uint64_t middle = low + (high - low) / 2;
    const auto here = seal_of(reader, chain, middle);
    if (here && exporter_.sealed_hash(chain, middle) != here->hash) {
      high = middle;
    } else {
      if (here) common = middle;
      low = middle + 1;
    }
  }
  return common;
}

// Throws core::Held when the sink has batches of the chain that are not this directory's.
void SealedSource::check_head(journal::Reader& reader, const journal::ChainPart& part,
                              const core::SealedHead& head) {
  const auto last = journal_.chain().last;
  const std::uint64_t end = part.until ? *part.until : last ? last->seq : 0;
  const std::uint64_t shared = std::min(head.seq, end);
  bool same = part.until || head.seq <= end;
  if (shared != 0) {
    const auto here = seal_of(reader, part.chain, shared);
    const auto there = shared == head.seq ? head.hash : exporter_.sealed_hash(part.chain, shared);
    if (here && there != here->hash) same = false;
  }
  if (same) return;
  throw core::Held(fmt::format(
      "the sink has another batch {} of chain {}: this data directory is a copy of one that went "
      "on, or was set back to an older state; batch {} is the last they share. Hint: "
      "docs/audit.md, \"Copies\"",
      head.seq, core::to_string(part.chain), last_common(reader, part.chain, shared + 1)));
}

// The oldest chain that the sink does not have as far as it is this directory's.
void SealedSource::find_place(journal::Reader& reader) {
  for (const auto& part : reader.lineage()) {
    const auto head = exporter_.sealed_head(part.chain);
    check_head(reader, part, head);
    if (part.until) {
      const auto next = reader.seals_after(part.chain, head.seq, 1);
      if (next.empty() || next.front().seq > *part.until) continue;
    }
    const auto here = head.seq == 0 ? std::nullopt : seal_of(reader, part.chain, head.seq);
    end_ = here ? here->journal_end : part.begin;
    part_ = part;
    head_ = head;
    return;
  }
}

bool SealedSource::read(journal::Reader& reader, core::EventBatch& events, std::stop_token stop) {
  seals_.clear();
  if (!head_) find_place(reader);
  if (!head_) return false;
  if (!part_.until && journal_.wait_sealed(head_->seq, kWait, std::move(stop)) <= head_->seq)
    return false;
  seals_ = reader.seals_after(part_.chain, head_->seq, kMostSeals);
  if (part_.until) std::erase_if(seals_, [&](const auto& seal) { return seal.seq > *part_.until; });
  std::size_t count = 0;
  std::size_t sum = 0;
  while (count < seals_.size() && (count == 0 || sum + seals_[count].events <= batch_events_))
    sum += seals_[count++].events;
  seals_.resize(count);
  if (seals_.empty()) return false;
  read_events(sum, events);
  // What was read from the journal comes without.
  for (auto& event : events.events)
    if (event.body_hash == core::Sha256{}) event.body_hash = hasher_.hash(event.body);
  return true;
}

// The first batch whole, of the others those that are.
void SealedSource::read_events(std::size_t most, core::EventBatch& events) {
  std::uint64_t to = end_;
  for (std::uint64_t before = to;; before = to) {
    to = events_(to, most - std::min(most, events.events.size()), batch_bytes_, events);
    if (to >= seals_.front().journal_end || to == before) break;
  }
  while (seals_.size() > 1 && seals_.back().journal_end > to) seals_.pop_back();
  // Also where events are gone: those behind the last batch came in their place.
  const std::uint64_t last = seals_.back().journal_end;
  std::erase_if(events.events, [&](const core::Event& event) { return event.seq > last; });
}

void SealedSource::delivered() {
  head_ = core::SealedHead{seals_.back().seq, seals_.back().hash};
  end_ = seals_.back().journal_end;
  if (part_.until && head_->seq >= *part_.until) head_.reset();
}

std::uint64_t SealedSource::missing(const core::EventBatch& events) const {
  std::uint64_t sealed = 0;
  for (const auto& seal : seals_) sealed += seal.events;
  return sealed - std::min<std::uint64_t>(sealed, events.events.size());
}

}  // namespace kcloud::delivery
