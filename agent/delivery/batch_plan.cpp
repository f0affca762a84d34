#include "agent/delivery/batch_plan.h"

#include <algorithm>
#include <stdexcept>

namespace kcloud::delivery {

core::DeadLetter letter_of(const core::Event& event, const std::string& reason,
                           const std::string& origin) {
  core::DeadLetter letter;
  letter.received = event.received;
  letter.origin = origin;
  letter.position = std::to_string(event.seq);
  letter.reason = "sink_rejected";
  letter.detail = reason;
  letter.type = event.type_name;
  letter.event_id = core::to_string(event.id);
  letter.body = event.body;
  return letter;
}

BatchPlan::BatchPlan(std::span<core::Event> events) {
  if (!events.empty()) open_.push_back(events);
}

void BatchPlan::apply(const core::Delivery& delivery) {
  switch (delivery.kind) {
    case core::Delivery::Kind::kDelivered:
      reject(delivery);
      open_.pop_back();
      break;
    case core::Delivery::Kind::kBisect:
      split(delivery);
      break;
    case core::Delivery::Kind::kRetry:
    case core::Delivery::Kind::kHold:
      break;
  }
}

void BatchPlan::reject(const core::Delivery& delivery) {
  const auto range = open_.back();
  std::vector<const core::Rejected*> items;
  for (const auto& item : delivery.rejected) {
    if (item.index >= range.size())
      throw std::logic_error("the exporter refused an item it was not given");
    items.push_back(&item);
  }
  std::stable_sort(items.begin(), items.end(),
                   [](auto* a, auto* b) { return a->index < b->index; });
  const auto last = std::unique(items.begin(), items.end(),
                                [](auto* a, auto* b) { return a->index == b->index; });
  for (auto it = items.begin(); it != last; ++it)
    refused_.push_back({&range[(*it)->index], (*it)->reason});
}

void BatchPlan::split(const core::Delivery& delivery) {
  const auto range = open_.back();
  std::vector<bool> suspect(range.size(), false);
  for (const auto index : delivery.suspects) {
    if (index >= range.size())
      throw std::logic_error("the exporter suspects an item it was not given");
    suspect[index] = true;
  }
  open_.pop_back();
  if (range.size() == 1) {
    refused_.push_back({&range.front(), delivery.reason});
    return;
  }
  const auto suspects = static_cast<std::size_t>(std::ranges::count(suspect, true));
  std::size_t front = range.size() / 2;
  if (suspects != 0 && suspects != range.size()) {
    const core::Event* base = range.data();
    std::vector<core::Event> sorted;
    sorted.reserve(range.size());
    for (const bool wanted : {false, true})
      for (std::size_t i = 0; i < range.size(); ++i)
        if (suspect[i] == wanted) sorted.push_back(base[i]);
    std::ranges::copy(sorted, range.begin());
    front = range.size() - suspects;
  }
  open_.push_back(range.subspan(front));
  open_.push_back(range.first(front));
}

}  // namespace kcloud::delivery
