#include "agent/analytics/source.h"

#include <fmt/format.h>

#include <algorithm>

#include "core/hash.h"
#include "core/utf8.h"
#include "rollups/accumulator.h"
#include "rollups/damaged.h"
#include "rollups/day.h"
#include "rollups/keys.h"

namespace kcloud::analytics {
namespace {

using rollups::Grain;
using rollups::Kind;
using std::chrono::hours;
using std::chrono::minutes;

std::int64_t seconds_of(core::Time time) {
  return std::chrono::floor<std::chrono::seconds>(time).time_since_epoch().count();
}

template <typename Unit>
core::Time down(core::Time time) {
  return core::Time(std::chrono::floor<Unit>(time));
}
template <typename Unit>
core::Time up(core::Time time) {
  return core::Time(std::chrono::ceil<Unit>(time));
}

}  // namespace

// Cells to read, when all is known: what adjoins is read at once.
struct Source::Stretch {
  Grain grain;
  core::Time from, to;
};

// What is being read, and where it goes.
struct Source::Reading {
  const Wish* wish = nullptr;                      // nullptr: workloads
  const std::vector<core::Time>* edges = nullptr;  // of the intervals
  std::vector<Stretch> stretches;
  std::vector<rollups::Workloads> workloads;       // by intervals
  std::vector<const rollups::TypePlan*> of_types;  // the workloads
  const rollups::TypePlan* plan = nullptr;         // of the wish
  std::uint32_t type = 0;               // in the dictionary; 0: nothing was rolled up of it
  rollups::Part part = 0;               // of hours
  std::vector<rollups::Wanted> wanted;  // by name
  std::vector<std::size_t> place;       // of each in the wish
  std::vector<const rollups::Measure*> measures;  // of the wish; nullptr: the plan has none
  std::vector<std::optional<std::size_t>> tags;   // slots of group_by
  rollups::Cell cell;                             // its memory is used again
  Groups groups;
  std::map<std::uint32_t, std::vector<Sums>*> by_series;
  std::size_t interval = 0;

  std::vector<Sums>& group(const std::vector<std::string>& values) {
    auto& sums = groups[values];
    if (sums.empty()) {
      sums.resize(wish->edges.size() - 1);
      for (auto& one : sums) one.measures.resize(wish->measures.size());
    }
    return sums;
  }

  // Of a bucket that some interval has.
  std::size_t interval_of(std::int64_t bucket) const {
    const auto behind = std::ranges::upper_bound(*edges, rollups::begin_of(bucket));
    return static_cast<std::size_t>(behind - edges->begin()) - 1;
  }

  void add_cell(std::vector<Sums>& group, std::int64_t bucket) {
    Sums& sums = group[interval_of(bucket)];
    sums.events += cell.events;
    std::size_t at = 0;
    for (const auto& numbers : cell.measures) {
      while (wanted[at].name < numbers.name) ++at;
      sums.measures[place[at]].add(numbers);
    }
  }
};

Source::Source(journal::RollupSource& view, const rollups::Plan& plan, core::Decoder& decoder,
               const core::Zone& tier_zone, core::Time now)
    : view_(view),
      plan_(plan),
      decoder_(decoder),
      zone_(view.day_zone() == nullptr ? tier_zone : *view.day_zone()),
      now_(now) {}

// Others may have added to the sums who do not judge by these words.
Groups Source::collect(const Wish& asked) {
  if (!plan_.shared()) return read(asked);
  Wish wish = asked;
  std::vector<std::pair<std::size_t, std::size_t>> judged;  // an objective, its companion
  const auto* plan = plan_.find(wish.type);
  for (std::size_t i = 0; plan != nullptr && i < asked.measures.size(); ++i) {
    const auto& name = asked.measures[i].name;
    const auto known = std::ranges::find(plan->measures, name, &rollups::Measure::name);
    if (known == plan->measures.end() || known->kind != rollups::Measure::Kind::kJudged) continue;
    judged.emplace_back(i, wish.measures.size());
    wish.measures.push_back({rollups::Plan::companion(name)});
  }
  auto groups = read(wish);
  for (auto& [values, intervals] : groups)
    for (auto& sums : intervals) {
      for (const auto& [objective, companion] : judged)
        if (sums.measures[companion].count != sums.events)
          throw std::runtime_error(fmt::format(
              "only {} of {} events were judged by {} as it is configured here: the agents that "
              "store events need the same `analytics.objectives`, and `kcloud-logger rollups "
              "rebuild --pg URL` judges what is stored",
              sums.measures[companion].count, sums.events, asked.measures[objective].name));
      sums.measures.resize(asked.measures.size());
    }
  return groups;
}

Groups Source::read(const Wish& wish) {
  Reading reading;
  reading.wish = &wish;
  reading.edges = &wish.edges;
  reading.plan = plan_.find(wish.type);
  reading.type = view_.name(wish.type);
  if (reading.plan == nullptr) return {};
  const bool grouped = !wish.group_by.empty();
  reading.part = rollups::part_of(reading.type, grouped ? Kind::kTags : Kind::kTotal);
  for (std::size_t i = 0; i < wish.measures.size(); ++i) {
    const auto& [name, sketch] = wish.measures[i];
    const auto known = std::ranges::find(reading.plan->measures, name, &rollups::Measure::name);
    reading.measures.push_back(known == reading.plan->measures.end() ? nullptr : &*known);
    if (const auto id = view_.name(name); id != 0) {
      reading.wanted.push_back({id, sketch});
      reading.place.push_back(i);
    }
  }
  // By name, both.
  std::vector<std::size_t> order(reading.wanted.size());
  for (std::size_t i = 0; i < order.size(); ++i) order[i] = i;
  std::ranges::sort(order, {}, [&](std::size_t i) { return reading.wanted[i].name; });
  auto wanted = reading.wanted;
  auto place = reading.place;
  for (std::size_t i = 0; i < order.size(); ++i) {
    reading.wanted[i] = wanted[order[i]];
    reading.place[i] = place[order[i]];
  }
  // Nothing of a cell but how many events it has.
  if (reading.wanted.empty()) reading.wanted.push_back({0, false}), reading.place.push_back(0);
  for (const auto& tag : wish.group_by) reading.tags.push_back(reading.plan->type->slot(tag));
  if (grouped && reading.type != 0)
    for (const auto& series : view_.series(reading.type)) {
      const auto tags = rollups::decode_tags(series.tags);
      std::vector<std::string> values;
      for (const auto& name : wish.group_by) {
        const auto tag = std::ranges::find(tags, name, &rollups::Tags::value_type::first);
        values.push_back(tag == tags.end() ? std::string() : tag->second);
      }
      reading.by_series.emplace(series.id, &reading.group(values));
    }
  read_intervals(reading);
  // Combinations that were not there in all that time.
  std::erase_if(reading.groups, [](const auto& group) {
    return std::ranges::all_of(group.second, [](const Sums& sums) { return sums.events == 0; });
  });
  return std::move(reading.groups);
}

std::vector<Sums> Source::collect_all(Wish wish) {
  wish.group_by.clear();
  auto groups = collect(wish);
  if (!groups.empty()) return std::move(groups.begin()->second);
  std::vector<Sums> nothing(wish.edges.size() - 1);
  for (auto& sums : nothing) sums.measures.resize(wish.measures.size());
  return nothing;
}

void Source::read_intervals(Reading& reading) {
  const auto& edges = *reading.edges;
  for (reading.interval = 0; reading.interval + 1 < edges.size(); ++reading.interval)
    read_interval(reading, edges[reading.interval], edges[reading.interval + 1]);
  for (const auto& stretch : reading.stretches) scan_cells(reading, stretch);
}

std::vector<Source::Count> Source::workloads(const std::vector<core::Time>& edges) {
  constexpr std::size_t kTogether = 8;  // intervals: what they hold stays in memory
  Reading reading;
  for (const auto& type : plan_.catalogue().types())
    if (const auto* plan = plan_.find(type.name); plan->workloads) reading.of_types.push_back(plan);
  reading.type = view_.name(rollups::names::kAllTypes);
  reading.part = rollups::part_of(reading.type, Kind::kWorkloads);
  std::vector<Count> counts;
  for (std::size_t from = 0; from + 1 < edges.size(); from += kTogether) {
    const auto to = std::min(from + kTogether, edges.size() - 1);
    const std::vector<core::Time> part(edges.begin() + static_cast<std::ptrdiff_t>(from),
                                       edges.begin() + static_cast<std::ptrdiff_t>(to) + 1);
    reading.edges = &part;
    reading.stretches.clear();
    reading.workloads.clear();
    reading.workloads.resize(part.size() - 1);
    read_intervals(reading);
    for (auto& all : reading.workloads) counts.push_back({all.count(), all.exact()});
  }
  return counts;
}

rollups::Workloads Source::workloads_of(const std::string& type, core::Time since,
                                        core::Time until) {
  Reading reading;
  const std::vector<core::Time> edges{since, until};
  reading.edges = &edges;
  reading.workloads.resize(1);
  const auto* plan = plan_.find(type);
  if (plan == nullptr || !plan->workload_value) return {};
  reading.of_types.push_back(plan);
  reading.type = view_.name(type);
  reading.part = rollups::part_of(reading.type, Kind::kWorkloads);
  read_intervals(reading);
  return std::move(reading.workloads.front());
}

void Source::events(const std::string& type, core::Time since, core::Time until,
                    const std::function<void(const core::Event&)>& take) {
  view_.events(type, since, until, [&](core::EventBatch& batch) {
    for (auto& event : batch.events) {
      decoder_.complete(event, batch);
      take(event);
    }
  });
}

void Source::read_interval(Reading& reading, core::Time since, core::Time until) {
  if (since >= until) return;
  const auto first = up<hours>(since);
  const auto last = down<hours>(until);
  if (first > last) return read_edge(reading, since, until);
  read_edge(reading, since, first);
  read_hours(reading, first, last);
  read_edge(reading, last, until);
}

// Within one hour.
void Source::read_edge(Reading& reading, core::Time since, core::Time until) {
  if (since >= until) return;
  const auto hour = down<hours>(since);
  // All that there is of an hour that goes on.
  if (since == hour && until >= now_) return read_hours(reading, hour, hour + hours(1));
  const auto minute_part = rollups::part_of(reading.type, Kind::kTags);
  const bool has_minutes =
      reading.wish != nullptr && reading.type != 0 &&
      !view_.marks({Grain::kMinute, minute_part, seconds_of(hour), seconds_of(hour) + 1}).empty();
  const auto first = up<minutes>(since);
  const auto last = until >= now_ ? up<minutes>(until) : down<minutes>(until);
  if (!has_minutes || first > last) return read_events(reading, since, until);
  read_events(reading, since, first);
  read_cells(reading, Grain::kMinute, first, last);
  if (last < until) read_events(reading, last, until);
}

void Source::read_hours(Reading& reading, core::Time since, core::Time until) {
  if (since >= until || reading.type == 0) return;
  if (!rollups::has_days(reading.part)) return read_cells(reading, Grain::kHour, since, until);
  const auto marks = view_.marks({Grain::kDay, reading.part, seconds_of(since), seconds_of(until)});
  core::Time from = since;
  for (const auto mark : marks) {
    const auto day = rollups::begin_of(mark);
    const auto end = zone_.day_of(day).second;
    if (end > until) break;
    read_cells(reading, Grain::kHour, from, day);
    read_cells(reading, Grain::kDay, day, end);
    from = end;
  }
  read_cells(reading, Grain::kHour, from, until);
}

void Source::read_cells(Reading& reading, Grain grain, core::Time since, core::Time until) {
  if (since >= until) return;
  if (!reading.stretches.empty() && reading.stretches.back().grain == grain &&
      reading.stretches.back().to == since)
    reading.stretches.back().to = until;
  else
    reading.stretches.push_back({grain, since, until});
}

void Source::scan_cells(Reading& reading, const Stretch& stretch) {
  const auto& [grain, since, until] = stretch;
  if (reading.wish == nullptr)
    return view_.workloads({grain, reading.part, seconds_of(since), seconds_of(until)},
                           [&](std::int64_t bucket) -> rollups::Workloads& {
                             return reading.workloads[reading.interval_of(bucket)];
                           });
  const auto part =
      grain == Grain::kMinute ? rollups::part_of(reading.type, Kind::kTags) : reading.part;
  const bool by_series = rollups::kind_of(reading.part) == Kind::kTags;
  view_.scan({grain, part, seconds_of(since), seconds_of(until)},
             [&](const rollups::CellKey& key, std::string_view value) {
               if (!rollups::decode(value, reading.wanted, reading.cell)) rollups::damaged();
               if (!by_series) return reading.add_cell(reading.group({}), key.bucket);
               const auto group = reading.by_series.find(key.series);
               if (group != reading.by_series.end()) reading.add_cell(*group->second, key.bucket);
             });
}

void Source::read_workloads(Reading& reading, core::Time since, core::Time until) {
  for (const auto* plan : reading.of_types)
    events(plan->type->name, since, until, [&](const core::Event& event) {
      if (event.workload.empty()) return;
      rollups::Workloads::Newest newest{core::to_nanos(event.time), rollups::tie_of(event.id)};
      if (plan->workload_value) {
        const auto value = plan->measures[*plan->workload_value].of(event);
        newest.known = value.has_value();
        newest.value = value.value_or(0);
      }
      reading.workloads[reading.interval].add(core::hash_of(event.workload), newest);
    });
}

void Source::read_events(Reading& reading, core::Time since, core::Time until) {
  if (since >= until) return;
  check_kept(since, until);
  if (reading.wish == nullptr) return read_workloads(reading, since, until);
  std::vector<std::string> values(reading.tags.size());
  events(reading.plan->type->name, since, until, [&](const core::Event& event) {
    for (std::size_t i = 0; i < values.size(); ++i)
      values[i] =
          reading.tags[i] && *reading.tags[i] < event.fields.size()
              ? core::utf8_prefix(event.fields[*reading.tags[i]].text, rollups::Limits().tag_bytes)
              : std::string_view();
    Sums& sums = reading.group(values)[reading.interval];
    ++sums.events;
    for (std::size_t i = 0; i < reading.measures.size(); ++i) {
      if (reading.measures[i] == nullptr) continue;
      if (const auto value = reading.measures[i]->of(event))
        sums.measures[i].add(*value, reading.wish->measures[i].sketch);
    }
  });
}

// Retention takes events by arrival, the oldest first: what happened at or before the arrival of
// the oldest one that is there may have gone in part.
void Source::check_kept(core::Time since, core::Time until) {
  if (!kept_since_) kept_since_ = view_.kept_since();
  const auto received = *kept_since_;
  if (!received || since >= *received) return;
  const auto hour = down<hours>(since);
  throw BadRange(fmt::format(
      "the events of {} are not all kept any more, only sums of whole hours: expected a range that "
      "begins and ends with whole hours before {}, such as from {} or {}",
      core::format_time(since), core::format_time(up<hours>(*received)), core::format_time(hour),
      core::format_time(down<hours>(until) + hours(1))));
}

}  // namespace kcloud::analytics
