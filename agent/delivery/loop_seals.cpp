#include <spdlog/spdlog.h>

#include <algorithm>

#include "agent/delivery/loop_impl.h"

namespace kcloud::delivery {

// About once a second, and one attempt: events go on meanwhile, whatever becomes of it. Only a part
// that the sink does not like as a whole is halved at once.
void Loop::Impl::carry_seals() {
  const auto now = Gather::Clock::now();
  if (now < carry_due) return;
  carry_due = now + options.carry_interval;
  if (!to_carry->waiting()) return;
  if (!reader) reader = journal.reader();
  auto seals = to_carry->next(*reader, carry_most);
  if (seals.empty()) return;
  auto delivery = attempt_carry(seals);
  while (delivery.kind == core::Delivery::Kind::kBisect && seals.size() > 1) {
    seals.resize(carry_most = seals.size() / 2);
    delivery = attempt_carry(seals);
  }
  if (delivery.kind == core::Delivery::Kind::kBisect)
    delivery = core::Delivery::delivered({{0, delivery.reason}});
  const auto step = carry_pacing.on(delivery, random());
  note(delivery, step, carry_phase, "audit seals: ");
  if (delivery.kind != core::Delivery::Kind::kDelivered) {
    core::count(counters.retried);
    carry_due = Gather::Clock::now() + std::max(options.carry_interval, step.wait);
    return;
  }
  carry_most = std::min(2 * carry_most, kMostSeals);
  note_lost_seals(seals, delivery.rejected);
  core::count(counters.carried_seals, seals.size() - delivery.rejected.size());
  to_carry->done(seals.back().seq);
  const std::scoped_lock lock(mutex);
  status.carried_to = to_carry->carried_to();
}

core::Delivery Loop::Impl::attempt_carry(std::span<const core::Seal> seals) {
  auto delivery = answer_of([&] { return exporter->carry_seals(seals); });
  core::count(counters.bytes, delivery.bytes);
  return delivery;
}

// Of refusals only the first in a row is told.
void Loop::Impl::note_lost_seals(const std::vector<core::Seal>& seals,
                                 const std::vector<core::Rejected>& refused) {
  core::count(counters.lost_seals, to_carry->gone() + refused.size());
  const auto chain = core::to_string(seals.front().chain);
  if (to_carry->gone() != 0)
    spdlog::error(
        "exporter {}: {} audit seals of chain {} were removed by retention before batch {}",
        options.name, to_carry->gone(), chain, seals.front().seq);
  if (!refused.empty() && !refusing)
    spdlog::error(
        "exporter {}: {} of the audit seals {} to {} of chain {} refused for good and passed over; "
        "first: {}",
        options.name, refused.size(), seals.front().seq, seals.back().seq, chain,
        refused.front().reason);
  refusing = !refused.empty();
}

}  // namespace kcloud::delivery
