// The parts of a delivery loop: loop.cpp has its life and what all parts use, loop_batches.cpp the
// batches of the cursor, loop_sealed.cpp sealed ones, loop_seals.cpp the seals alone, loop_side.cpp
// what goes beside the cursor. Internal to delivery/.
#pragma once

#include <condition_variable>
#include <functional>
#include <mutex>
#include <optional>
#include <random>
#include <stop_token>
#include <thread>

#include "agent/delivery/batch_plan.h"
#include "agent/delivery/delivery.h"
#include "agent/delivery/pacing.h"
#include "agent/delivery/sealed_source.h"
#include "agent/delivery/seals_to_carry.h"
#include "agent/delivery/side_queue.h"
#include "agent/journal/reader.h"

namespace kcloud::delivery {

using std::chrono::milliseconds;

inline constexpr std::size_t kMostSeals = 1000;  // carried at once

struct Loop::Impl {
  Impl(Options given, journal::Journal& to_read, const core::Catalogue& catalogue,
       std::unique_ptr<core::Exporter> sink, const core::Clock& wall)
      : options(std::move(given)),
        cursor_name("exporter:" + options.name),
        journal(to_read),
        exporter(std::move(sink)),
        clock(wall),
        counters(options.counters ? *options.counters : own_counters),
        feed(options.feed ? options.feed : std::make_shared<EventFeed>(0)),
        decoder(catalogue, options.decode),
        gather(options.delivery.batch_events, options.delivery.batch_wait),
        pacing(options.delivery),
        carry_pacing(options.delivery),
        random(options.seed != 0 ? options.seed : std::random_device{}()) {
    if (exporter->keeps_seals())
      sealed.emplace(journal, *exporter, options.delivery.batch_events,
                     options.delivery.batch_bytes,
                     [this](std::uint64_t after, std::size_t limit, std::size_t max_bytes,
                            core::EventBatch& to) { return read(after, limit, max_bytes, to); });
    else if (exporter->carries_seals())
      to_carry.emplace(journal, options.name);
  }

  void run(std::stop_token stop);
  void open();
  void work(std::stop_token stop);
  void work_sealed(std::stop_token stop);
  void carry_seals();
  core::Delivery attempt_carry(std::span<const core::Seal> seals);
  void note_lost_seals(const std::vector<core::Seal>& seals,
                       const std::vector<core::Rejected>& refused);
  void find_oldest_open();
  void serve_side(std::stop_token stop);
  SideResult deliver_side(std::span<core::Event> events, std::stop_token stop);
  // Events behind `after` with their fields; as journal::Reader::read_after.
  std::uint64_t read(std::uint64_t after, std::size_t limit, std::size_t max_bytes,
                     core::EventBatch& to);
  bool read_batch();
  bool deliver_batch(BatchPlan& plan, std::stop_token stop);
  core::Delivery attempt(std::span<const core::Event> events);
  std::optional<core::Delivery> attempt_sealed(std::stop_token stop);
  // What an attempt that throws means.
  static core::Delivery answer_of(const std::function<core::Delivery()>& attempt);
  // `shown`: which phase the answer sets, guarded by mutex; `what` was tried, for the log.
  void note(const core::Delivery& delivery, const Pacing::Step& step, Phase& shown,
            std::string_view what = {});
  bool commit(std::uint64_t seq, std::vector<core::DeadLetter> letters, std::stop_token stop);
  std::vector<core::DeadLetter> letters_of(const BatchPlan& plan) const;
  void fail(const std::string& what, std::stop_token stop);
  bool pause(milliseconds time, std::stop_token stop);
  void set_phase(Phase phase);

  const Options options;
  const std::string cursor_name;
  journal::Journal& journal;
  const std::unique_ptr<core::Exporter> exporter;
  const core::Clock& clock;
  core::ExporterCounters own_counters;  // when nobody else keeps them
  core::ExporterCounters& counters;
  const std::shared_ptr<EventFeed> feed;

  mutable std::mutex mutex;
  std::condition_variable_any wake;
  Status status;                     // guarded by mutex; lag is computed when asked for
  Phase carry_phase = Phase::kIdle;  // guarded: of the seals that are carried
  std::optional<core::Time>
      oldest_open;  // guarded: received time of the oldest event not delivered

  // The thread's own.
  core::Decoder decoder;
  Gather gather;
  std::optional<SealedSource> sealed;    // for a sink that keeps seals
  std::optional<SealsToCarry> to_carry;  // for one that carries them
  Gather::Clock::time_point carry_due{};
  std::size_t carry_most = kMostSeals;
  bool refusing = false;  // the seals that were carried last
  Pacing pacing, carry_pacing;
  core::Backoff trouble{{milliseconds(200), milliseconds(10'000)}};
  std::mt19937 random;
  SideQueue side;
  std::unique_ptr<journal::Reader> reader;
  core::EventBatch batch;
  bool opened = false;        // the cursor is known
  std::uint64_t cursor = 0;   // committed
  std::uint64_t read_to = 0;  // everything up to here is in `batch` or was skipped
  std::uint64_t gone = 0;     // of these, how many retention had removed

  std::jthread thread;  // last: joined before the rest goes
};

}  // namespace kcloud::delivery
