#include "rules/feed.h"

#include <algorithm>

#include "rules/field.h"

namespace kcloud::rules {

Series& Feed::series_for(const Expr& aggregate, std::size_t most_values) {
  const Selector& selector = aggregate.selector;
  const Series::Kind kind = Series::kind_of(aggregate.aggregate, selector.field.has_value());
  const Ms window = std::max<Ms>(1, selector.window.count());
  const Ms length =
      is_event_condition(aggregate) ? window : bucket_length(aggregate.aggregate, window);
  const auto name = [](const std::optional<FieldRef>& field) {
    return field ? std::string_view(field->name) : std::string_view();
  };
  for (const auto& each : series)
    if (each->kind() == kind && each->length() == length &&
        name(each->field()) == name(selector.field))
      return *each;
  series.push_back(std::make_unique<Series>(kind, selector.field, length, most_values));
  return *series.back();
}

std::uint32_t Feed::make(std::uint32_t key) {
  std::uint32_t cell = 0;
  if (free.empty()) {
    cell = static_cast<std::uint32_t>(groups.size());
    groups.emplace_back();
    links.resize(groups.size() * users.size(), kNoCell);
    if (keeps_evidence) evidence.resize(groups.size());
    if (!shown.empty()) texts.resize(groups.size());
    for (const auto& each : series) each->resize(groups.size());
  } else {
    cell = free.back();
    free.pop_back();
  }
  groups[cell] = {};
  groups[cell].key = key;
  cells[key] = cell;
  keys->hold(key);
  return cell;
}

void Feed::remove(std::uint32_t cell) {
  cells.erase(groups[cell].key);
  keys->release(groups[cell].key);
  groups[cell] = {};
  if (keeps_evidence) evidence[cell] = {};
  if (!shown.empty()) texts[cell] = {};
  for (const auto& each : series) each->clear(cell);
  free.push_back(cell);
}

void Feed::note(std::uint32_t cell, const Arrival& arrival) {
  Group& group = groups[cell];
  group.newest = std::max(group.newest, arrival.t);
  ++group.arrivals;
  if (keeps_evidence) evidence[cell].add({arrival.number, arrival.event->id});
  if (shown.empty()) return;
  texts[cell].resize(shown.size());
  core::FieldValue common;
  std::string memory;
  for (std::size_t i = 0; i < shown.size(); ++i)
    texts[cell][i] = shown[i].second ? shown_text(*arrival.event, *shown[i].second, common, memory)
                                     : std::string_view();
}

std::size_t Feed::bytes() const {
  std::size_t total = groups.capacity() * sizeof(Group) + cells.bytes() +
                      (links.capacity() + free.capacity()) * sizeof(std::uint32_t) +
                      evidence.capacity() * sizeof(Evidence) + texts.capacity() * sizeof(Texts);
  for (const Texts& each : texts)
    for (const std::string& value : each) total += sizeof(std::string) + value.capacity();
  for (const auto& each : series) total += each->bytes();
  return total;
}

}  // namespace kcloud::rules
