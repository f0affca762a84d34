#include "agent/backtest/events.h"

#include <utility>

#include "core/decode.h"

namespace kcloud::backtest {
namespace {

constexpr std::size_t kBatchEvents = 2000;
constexpr std::size_t kBatchBytes = 4 << 20;
constexpr std::chrono::hours kMostAhead{24};  // that a publisher's clock may be

class JournalEvents final : public Events {
 public:
  JournalEvents(journal::Reader& reader, std::shared_ptr<const core::Catalogue> catalogue,
                const Range& range)
      : catalogue_(std::move(catalogue)),
        decoder_(*catalogue_, {}),
        range_(range),
        reader_(reader) {
    skip_to(range.from - kMostAhead);
  }

  bool next(core::EventBatch& batch) override {
    after_ = reader_.read_after(after_, kBatchEvents, kBatchBytes, batch);
    // What arrives while this runs belongs to another run.
    if (batch.events.empty() || batch.events.front().received >= range_.now) return false;
    std::erase_if(batch.events, [this](const core::Event& event) {
      return event.time < range_.from || event.time >= range_.until;
    });
    for (core::Event& event : batch.events) decoder_.complete(event, batch);
    return true;
  }

 private:
  // Whether what stands behind `seq` arrived from `time` on; also when there is nothing.
  bool arrived_from(std::uint64_t seq, core::Time time) {
    core::EventBatch one;
    reader_.read_after(seq, 1, 1, one);
    return one.events.empty() || one.events.front().received >= time;
  }

  // To the last event that arrived before `time`.
  void skip_to(core::Time time) {
    const std::uint64_t oldest = reader_.oldest();
    if (oldest == 0 || arrived_from(oldest - 1, time)) return;
    std::uint64_t before = oldest - 1;
    std::uint64_t step = 1;
    while (!arrived_from(before + step, time)) step *= 2;
    std::uint64_t behind = before + step;
    while (before + 1 < behind) {
      const std::uint64_t middle = before + (behind - before) / 2;
      (arrived_from(middle, time) ? behind : before) = middle;
    }
    after_ = behind;
  }

  const std::shared_ptr<const core::Catalogue> catalogue_;
  core::Decoder decoder_;
  const Range range_;
  journal::Reader& reader_;
  std::uint64_t after_ = 0;
};

}  // namespace

std::unique_ptr<Events> journal_events(journal::Reader& reader,
                                       std::shared_ptr<const core::Catalogue> catalogue,
                                       const Range& range) {
  return std::make_unique<JournalEvents>(reader, std::move(catalogue), range);
}

}  // namespace kcloud::backtest
