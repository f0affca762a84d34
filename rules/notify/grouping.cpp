#include "rules/notify/grouping.h"

#include <algorithm>
#include <utility>

#include "core/json.h"

namespace kcloud::rules::notify {

namespace {
constexpr Duration kShortestHold{1000};
}

std::string group_key(const Labels& labels, const std::vector<std::string>& by) {
  std::string key = "{";
  const auto append = [&key](std::string_view name, std::string_view value) {
    if (key.size() > 1) key += ", ";
    key.append(name).append("=");
    core::append_json_string(key, value);
  };
  if (by.size() == 1 && by.front() == "...") {
    for (const auto& [name, value] : labels) append(name, value);
  } else {
    for (const auto& name : by) {
      const auto found = labels.find(name);
      append(name, found == labels.end() ? std::string_view() : std::string_view(found->second));
    }
  }
  return key + "}";
}

void Grouping::add(Item item) {
  Group& group = groups_[item.group];
  Waiting waiting{std::move(item), {}, false, {}};
  waiting.held = waiting.item.silenced;
  waiting.ready = waiting.item.at + options_.wait;
  if (waiting.item.resolved) {
    const auto began =
        std::find_if(group.waiting.begin(), group.waiting.end(), [&](const Waiting& other) {
          return !other.item.resolved && other.item.fingerprint == waiting.item.fingerprint &&
                 other.item.starts_at == waiting.item.starts_at;
        });
    if (began != group.waiting.end()) {
      waiting.ready = began->held ? waiting.item.at : began->ready;
      waiting.held = began->held;
      waiting.absorbed.push_back(began->item.id);
      group.waiting.erase(began);
    }
  }
  group.waiting.push_back(std::move(waiting));
}

void Grouping::told(const std::string& group, core::Time at) {
  auto& told = groups_[group].told;
  told = told ? std::max(*told, at) : at;
}

core::Time Grouping::due_at(const Group& group) const {
  const auto first =
      std::min_element(group.waiting.begin(), group.waiting.end(),
                       [](const Waiting& a, const Waiting& b) { return a.ready < b.ready; });
  return group.told ? std::max(first->ready, *group.told + options_.interval) : first->ready;
}

std::optional<core::Time> Grouping::next() const {
  std::optional<core::Time> next;
  for (const auto& [name, group] : groups_) {
    if (group.waiting.empty()) continue;
    const core::Time due = due_at(group);
    next = next ? std::min(*next, due) : due;
  }
  return next;
}

void Grouping::take(const std::string& name, Group& group, core::Time now, const Silenced& silenced,
                    std::vector<Batch>& out) {
  Batch quiet{.group = name, .silenced = true};
  std::vector<Waiting> kept;
  const std::size_t before = out.size();
  for (auto& waiting : group.waiting) {
    if (!waiting.item.resolved && silenced(waiting.item.fingerprint)) {
      waiting.held = true;
      waiting.ready = now + std::max(options_.wait, kShortestHold);
      kept.push_back(std::move(waiting));
      continue;
    }
    const bool never_told = waiting.item.resolved && waiting.held;
    if (!never_told && (out.size() == before || out.back().items.size() >= options_.max_alerts)) {
      out.push_back({.group = name});
    }
    Batch& batch = never_told ? quiet : out.back();
    batch.items.push_back(waiting.item.id);
    batch.absorbed.insert(batch.absorbed.end(), waiting.absorbed.begin(), waiting.absorbed.end());
  }
  group.waiting = std::move(kept);
  if (out.size() > before) group.told = now;
  if (!quiet.items.empty()) out.push_back(std::move(quiet));
}

std::vector<Grouping::Batch> Grouping::due(core::Time now, const Silenced& silenced) {
  std::vector<Batch> out;
  for (auto at = groups_.begin(); at != groups_.end();) {
    Group& group = at->second;
    if (!group.waiting.empty() && due_at(group) <= now) take(at->first, group, now, silenced, out);
    const bool over =
        group.waiting.empty() && (!group.told || *group.told + options_.interval <= now);
    at = over ? groups_.erase(at) : std::next(at);
  }
  return out;
}

std::size_t Grouping::waiting() const {
  std::size_t count = 0;
  for (const auto& [name, group] : groups_) count += group.waiting.size();
  return count;
}

std::size_t Grouping::held() const {
  std::size_t count = 0;
  for (const auto& [name, group] : groups_) {
    count += static_cast<std::size_t>(std::count_if(group.waiting.begin(), group.waiting.end(),
                                                    [](const Waiting& one) { return one.held; }));
  }
  return count;
}

}  // namespace kcloud::rules::notify
