#include "agent/analytics/analytics.h"

#include <algorithm>

#include "agent/analytics/rollup_days.h"
#include "agent/analytics/source.h"

namespace kcloud::analytics {

Analytics::Analytics(journal::Journal& journal, const core::Clock& clock)
    : journal_(journal), clock_(clock) {}

Analytics::~Analytics() { stop(); }

void Analytics::start(std::shared_ptr<const config::Config> config,
                      std::shared_ptr<delivery::EventFeed> feed) {
  if (!config->analytics.enabled && !config->query.fleet()) return stop();
  stop_loop();                // answers go on from what it kept
  config::Problems problems;  // known since the configuration was read
  auto objectives = read_objectives(config->analytics, *config->catalogue, {}, problems);
  auto state = std::make_shared<State>();
  state->config = config;
  const auto own = std::make_shared<const rollups::Plan>(config->catalogue, objectives.judged);
  state->plan = config->query.fleet() ? std::make_shared<const rollups::Plan>(
                                            config->catalogue, objectives.judged, true)
                                      : own;
  state->objectives = std::move(objectives.all);
  state->tier_zone = tier_zone(config->agent.default_zone, clock_.now());
  std::unique_ptr<RollupLoop> loop;
  if (config->analytics.enabled) {
    loop = std::make_unique<RollupLoop>(RollupLoop::Options{config, own, std::move(feed)}, journal_,
                                        clock_);
    loop->start();
  }
  const std::scoped_lock lock(mutex_);
  state_ = std::move(state);
  loop_ = std::move(loop);
}

void Analytics::stop() {
  stop_loop();
  const std::scoped_lock lock(mutex_);
  state_.reset();
}

void Analytics::stop_loop() {
  std::unique_ptr<RollupLoop> loop;  // ends behind the lock
  const std::scoped_lock lock(mutex_);
  loop = std::move(loop_);
}

std::shared_ptr<const Analytics::State> Analytics::state() const {
  const std::scoped_lock lock(mutex_);
  return state_;
}

bool Analytics::enabled() const { return state() != nullptr; }

bool Analytics::keeps_rollups() const {
  const std::scoped_lock lock(mutex_);
  return loop_ != nullptr;
}

Answer Analytics::answer(Kind kind, const Request& request, journal::EventReader& reader,
                         core::Decoder& decoder) const {
  const auto now_state = state();
  if (!now_state) throw BadRange("analytics is not enabled: set `analytics.enabled`");
  Answer answer;
  reader.read_numbers([&](journal::RollupSource& view) {
    const core::Time now = clock_.now();
    Source source(view, *now_state->plan, decoder, now_state->tier_zone, now);
    answer = kind == Kind::kScheduling ? scheduling_performance(source, request)
             : kind == Kind::kCost     ? cost_efficiency(source, request)
                                       : sla_compliance(source, request, now_state->objectives);
    const auto fresh = view.freshness(now);
    answer.lag = fresh.lag;
    answer.as_of = std::chrono::floor<std::chrono::milliseconds>(fresh.as_of);
  });
  answer.zone = request.zone.name();
  return answer;
}

LoopStatus Analytics::status() const {
  const std::scoped_lock lock(mutex_);
  return loop_ ? loop_->status() : LoopStatus();
}

bool Analytics::rebuild(core::Time since, core::Time until) {
  const std::scoped_lock lock(mutex_);
  return loop_ && loop_->rebuild(since, until);
}

}  // namespace kcloud::analytics
