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
        reader_(reader),
        after_(journal::position_of_arrival(reader, range.from - kMostAhead)) {}

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
  const std::shared_ptr<const core::Catalogue> catalogue_;
  core::Decoder decoder_;
  const Range range_;
  journal::Reader& reader_;
  std::uint64_t after_;
};

}  // namespace

std::unique_ptr<Events> journal_events(journal::Reader& reader,
                                       std::shared_ptr<const core::Catalogue> catalogue,
                                       const Range& range) {
  return std::make_unique<JournalEvents>(reader, std::move(catalogue), range);
}

}  // namespace kcloud::backtest
