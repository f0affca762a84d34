#include <spdlog/spdlog.h>

#include "agent/analytics/rollup_hour.h"
#include "agent/analytics/rollup_loop_impl.h"

namespace kcloud::analytics {
namespace {

using rollups::Grain;
using rollups::Part;

constexpr std::size_t kMostRefused = 1000;

}  // namespace

void RollupLoop::Impl::step_rebuild(const std::stop_token& stop) {
  {
    const std::scoped_lock lock(mutex);
    if (asked && rebuild.state != RebuildStatus::State::kRunning) {
      rebuild = *asked;
      asked.reset();
    }
  }
  if (rebuild.state != RebuildStatus::State::kRunning) return;
  if (rebuild.done == rebuild.hours) return end_rebuild(stop);
  if (seq != committed_seq && !commit_changes(stop)) return;
  const auto hour = rebuild.since + std::chrono::hours(rebuild.done);
  auto made =
      make_hour(*reader, decoder, options.plan, dictionary, sums->minute_hours(), hour, seq);
  if (made.refused) {
    if (rebuild.refused.size() < kMostRefused) rebuild.refused.push_back(hour);
  } else if (!made.commit.drops.empty() || !made.commit.cells.empty()) {
    days->touched(made.commit);
    made.commit.names = dictionary.take_names();
    made.commit.series = dictionary.take_series();
    if (!commit(made.commit, stop)) return;
    sums->forget();
  }
  ++rebuild.done;
}

void RollupLoop::Impl::end_rebuild(const std::stop_token& stop) {
  rebuild.state = RebuildStatus::State::kDone;
  spdlog::info("rollups: {} hours were made anew, {} not, as their events are gone",
               rebuild.hours - rebuild.refused.size(), rebuild.refused.size());
  for (const auto& name : std::exchange(incomplete, {})) dictionary.name(name);
  journal::RollupCommit names;
  names.names = dictionary.take_names();
  if (!names.names.empty()) commit(names, stop);
}

void RollupLoop::Impl::upkeep(const std::stop_token& stop) {
  journal::RollupCommit next;
  drop_minutes(next);
  drop_old(next);
  if (!next.drops.empty()) commit(next, stop);
}

// But for hours in which a policy changed: costs before and after it are read from them.
void RollupLoop::Impl::drop_minutes(journal::RollupCommit& next) {
  const auto policy = dictionary.find_name(rollups::names::kPolicy);
  const auto oldest =
      rollups::bucket_of(clock.now() - rollups::kMinutesFor - std::chrono::hours(1), Grain::kHour);
  std::vector<std::pair<Part, std::int64_t>> gone;
  reader->read_rollups([&](journal::RollupView& view) {
    for (const auto& [part, hour] : sums->minute_hours())
      if (hour < oldest &&
          view.get({Grain::kHour, rollups::part_of(policy, rollups::Kind::kTotal), hour, 0})
              .empty())
        gone.emplace_back(part, hour);
  });
  for (const auto& [part, hour] : gone) {
    next.drops.push_back({Grain::kMinute, part, hour, hour + rollups::kHourSeconds});
    sums->drop_minutes(part, hour);
  }
}

void RollupLoop::Impl::drop_old(journal::RollupCommit& next) {
  const auto oldest =
      rollups::bucket_of(clock.now() - options.config->analytics.keep, Grain::kHour);
  reader->read_rollups([&](journal::RollupView& view) {
    for (const auto grain : {Grain::kMinute, Grain::kHour, Grain::kDay})
      for (const auto& range : view.parts(grain))
        if (range.from < oldest) next.drops.push_back({grain, range.part, 0, oldest});
  });
}

}  // namespace kcloud::analytics
