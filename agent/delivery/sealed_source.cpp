#include "agent/delivery/sealed_source.h"

#include <fmt/format.h>

#include <algorithm>
#include <limits>
#include <utility>

namespace kcloud::delivery {
namespace {

constexpr std::size_t kMostSeals = 64;  // in one delivery
constexpr std::chrono::milliseconds kWait{1000};

}  // namespace

void SealedSource::check_head(journal::Reader& reader, const journal::Journal::ChainState& chain) {
  const core::SealedHead head = exporter_.sealed_head(chain.chain);
  end_ = 0;
  if (head.seq != 0) {
    const auto here = reader.seals_after(chain.chain, head.seq - 1, 1);
    const bool known = !here.empty() && here.front().seq == head.seq;
    const bool ahead = !chain.last || head.seq > chain.last->seq;
    if (ahead || (known && here.front().hash != head.hash)) {
      throw core::Held(fmt::format(
          "the sink has another batch {} of chain {}: this data directory is a copy of one that "
          "went on, or was set back to an older state. Hint: docs/audit.md, \"Copies\"",
          head.seq, core::to_string(chain.chain)));
    }
    if (known) end_ = here.front().journal_end;
  }
  head_ = head;
}

bool SealedSource::read(journal::Reader& reader, core::EventBatch& events, std::stop_token stop) {
  seals_.clear();
  if (!head_) check_head(reader, journal_.chain());
  if (journal_.wait_sealed(head_->seq, kWait, std::move(stop)) <= head_->seq) return false;
  seals_ = reader.seals_after(journal_.chain().chain, head_->seq, kMostSeals);
  std::size_t count = 0;
  std::size_t sum = 0;
  while (count < seals_.size() && (count == 0 || sum + seals_[count].events <= batch_events_))
    sum += seals_[count++].events;
  seals_.resize(count);
  if (seals_.empty()) return false;
  read_events(reader, sum, events);
  for (auto& event : events.events) event.body_hash = hasher_.hash(event.body);
  return true;
}

// The first batch whole, of the others those that are.
void SealedSource::read_events(journal::Reader& reader, std::size_t most,
                               core::EventBatch& events) {
  std::uint64_t to = end_;
  for (std::uint64_t before = to;; before = to) {
    to = reader.read_after(to, most - std::min(most, events.events.size()), batch_bytes_, events);
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
}

std::uint64_t SealedSource::missing(const core::EventBatch& events) const {
  std::uint64_t sealed = 0;
  for (const auto& seal : seals_) sealed += seal.events;
  return sealed - std::min<std::uint64_t>(sealed, events.events.size());
}

}  // namespace kcloud::delivery
