#include "rules/engine.h"

#include <algorithm>
#include <utility>

#include "rules/state.h"

namespace kcloud::rules {

Engine::Engine(std::shared_ptr<const RuleSet> rules, const EngineOptions& options)
    : impl_(std::make_unique<Impl>(std::move(rules), options)) {}
Engine::~Engine() = default;
Engine::Engine(Engine&&) noexcept = default;
Engine& Engine::operator=(Engine&&) noexcept = default;

void Engine::add(const core::Event& event, std::vector<Transition>& out) { impl_->add(event, out); }

void Engine::advance(core::Time frontier, std::vector<Transition>& out) {
  impl_->advance(to_ms(frontier), out);
}

void Engine::replace(std::shared_ptr<const RuleSet> rules, core::Time now,
                     std::vector<Transition>& out) {
  auto next = std::make_unique<Impl>(std::move(rules), impl_->options);
  const std::string state = impl_->snapshot();
  impl_ = std::move(next);
  impl_->restore(state);
  impl_->resolve_orphans(to_ms(now), out);
}

Duration Engine::wants_past() const {
  Ms most = 0;
  if (!impl_->filling) return Duration(0);
  for (const auto& rule : impl_->rules) {
    if (rule->fresh) most = std::max(most, rule->kept);
    for (const Use& use : rule->program.uses)
      if (use.series != nullptr && use.series->fresh) most = std::max(most, -use.horizon(0));
  }
  return Duration(most);
}

void Engine::fill(const core::Event& event) { impl_->fill(event); }

std::vector<Alert> Engine::active() const {
  std::vector<Alert> alerts;
  for (const auto& rule : impl_->rules) {
    if (rule->overflow) alerts.push_back(Impl::overflow_alert(*rule));
    for (std::uint32_t place = 0; place < rule->groups.size(); ++place)
      if (rule->groups[place].alert) alerts.push_back(impl_->alert_of(*rule, place));
  }
  std::sort(alerts.begin(), alerts.end(), [](const Alert& a, const Alert& b) {
    return std::tie(a.rule, a.fingerprint) < std::tie(b.rule, b.fingerprint);
  });
  return alerts;
}

std::optional<Alert> Engine::find(std::string_view fingerprint) const {
  for (Alert& alert : active())
    if (alert.fingerprint == fingerprint) return std::move(alert);
  return std::nullopt;
}

std::vector<Engine::RuleStatus> Engine::status() const {
  std::vector<RuleStatus> all;
  for (const auto& rule : impl_->rules) {
    RuleStatus status;
    status.group = rule->group->name;
    status.rule = rule->rule->name;
    status.groups = rule->places.size();
    for (const RuleGroup& group : rule->groups)
      if (group.alert) ++(group.alert->firing ? status.firing : status.pending);
    status.refused = rule->refused;
    status.late = rule->late;
    status.left_out = rule->left_out;
    const Ms newest = impl_->ticks_of(*rule).newest;
    if (newest != kLongAgo) status.evaluated = to_time(newest);
    all.push_back(std::move(status));
  }
  return all;
}

std::uint64_t Engine::late_events() const { return impl_->late; }
std::uint64_t Engine::future_events() const { return impl_->future; }

std::size_t Engine::bytes() const {
  std::size_t total = 0;
  for (const auto& [names, keys] : impl_->keys) total += keys->bytes();
  for (const auto& feed : impl_->feeds) total += feed->bytes();
  for (const auto& rule : impl_->rules) {
    total += rule->groups.capacity() * sizeof(RuleGroup) + rule->places.bytes() +
             rule->cells.capacity() * sizeof(std::uint32_t) + rule->agenda.bytes();
    for (const RuleGroup& group : rule->groups) {
      if (group.sequence) total += group.sequence->bytes();
      if (group.alert) total += sizeof(ActiveAlert) + group.alert->why.capacity() * sizeof(Result);
    }
  }
  return total;
}

std::string Engine::snapshot() const { return impl_->snapshot(); }

bool Engine::restore(std::string_view snapshot) {
  auto next = std::make_unique<Impl>(impl_->set, impl_->options);
  const bool good = next->restore(snapshot);
  impl_ = good ? std::move(next) : std::make_unique<Impl>(next->set, next->options);
  return good;
}

const RuleSet& Engine::rules() const { return *impl_->set; }

}  // namespace kcloud::rules
