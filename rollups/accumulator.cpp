#include "rollups/accumulator.h"

#include <algorithm>
#include <tuple>
#include <utility>

#include "core/utf8.h"
#include "rollups/accumulator_impl.h"
#include "rollups/damaged.h"

namespace kcloud::rollups {
namespace {

constexpr std::size_t kMostTypes = 500;  // unknown ones share `other` past it

}  // namespace

// What is at hand for the type's next event.
struct Accumulator::TypeState {
  const TypePlan* plan = nullptr;
  std::uint32_t type = 0;  // in the dictionary
  // The plan's measures in the order of their names' numbers, which cells have.
  struct Measured {
    NameId name = 0;
    bool spread = false, sketch = false;
    bool of_workload = false;          // workloads are kept with its newest value
    std::size_t slot = 0;              // of a field …
    const Measure* derived = nullptr;  // … or what makes it of several
    bool operator<(const Measured& than) const { return name < than.name; }
  };
  std::vector<Measured> measures;
  std::unordered_map<std::string, std::uint32_t> series;  // by the values of the tags
  std::uint32_t other = 0;  // the series of all the others; 0: none yet
  std::int64_t hour = -1, minute = -1;
  Slot* total = nullptr;                                        // of the hour
  Slot* workloads = nullptr;                                    // likewise
  std::unordered_map<std::uint32_t, Slot*> in_hour, in_minute;  // by series
  bool minute_is_new = false;                                   // nothing is kept of it
};

Accumulator::Accumulator(std::shared_ptr<const Plan> plan, Dictionary& dictionary, Load load,
                         const Limits& limits)
    : plan_(std::move(plan)),
      dictionary_(dictionary),
      load_(std::move(load)),
      limits_(limits),
      all_types_(dictionary.name(names::kAllTypes)) {
  by_index_.resize(plan_->catalogue().types().size());
}

Accumulator::~Accumulator() = default;

Accumulator::TypeState& Accumulator::state_of(const core::Event& event) {
  if (event.type != nullptr && by_index_[event.type->index] != nullptr)
    return *by_index_[event.type->index];
  std::string name(event.type_name);
  if (event.type == nullptr && !states_.contains(name) && states_.size() >= kMostTypes)
    name = kOther;
  auto& state = states_[name];
  if (!state) {
    state = std::make_unique<TypeState>();
    state->plan = &plan_->of(event);
    state->type = dictionary_.name(name);
    for (std::size_t i = 0; i < state->plan->measures.size(); ++i) {
      const Measure& measure = state->plan->measures[i];
      const bool field = measure.kind == Measure::Kind::kField;
      state->measures.push_back({dictionary_.name(measure.name), measure.spread, measure.sketch,
                                 state->plan->workload_value == i, measure.slot,
                                 field ? nullptr : &measure});
    }
    std::sort(state->measures.begin(), state->measures.end());
    if (event.type != nullptr) by_index_[event.type->index] = state.get();
  }
  return *state;
}

Accumulator::Slot& Accumulator::slot(const CellKey& key, bool is_new) {
  auto& slot = slots_[key];
  if (slot) return *slot;
  auto made = std::make_unique<Slot>();
  made->key = key;
  std::string kept = is_new ? std::string() : load_(key);
  if (kind_of(key.part) == Kind::kWorkloads) {
    made->workloads = std::make_unique<Workloads>();
    CellKey chunk = key;
    for (; !kept.empty(); kept = load_(chunk)) {
      const auto added = made->workloads->add(kept);
      if (added == Workloads::Added::kDamaged) damaged();
      if (added == Workloads::Added::kLast) break;
      ++chunk.series;
    }
    bytes_ += made->workloads->bytes();
  } else if (!kept.empty()) {
    auto cell = decode(kept);
    if (!cell) damaged();
    made->cell = std::move(*cell);
  }
  bytes_ += sizeof(Slot) + kept.size() * 4;
  slot = std::move(made);
  return *slot;
}

void Accumulator::touch(Slot& slot) {
  if (slot.dirty) return;
  slot.dirty = true;
  dirty_.push_back(&slot);
}

std::uint32_t Accumulator::series_of(TypeState& state, const core::Event& event) {
  scratch_.clear();
  for (const std::size_t tag : state.plan->tags) {
    const std::string_view value = tag < event.fields.size() ? event.fields[tag].text : "";
    const auto size = static_cast<std::uint32_t>(value.size());
    scratch_.append(reinterpret_cast<const char*>(&size), sizeof size).append(value);
  }
  const auto found = state.series.find(scratch_);
  if (found != state.series.end()) return found->second;
  Tags tags;
  for (const std::size_t tag : state.plan->tags) {
    const std::string_view value = tag < event.fields.size() ? event.fields[tag].text : "";
    tags.emplace_back(state.plan->type->fields[tag].name,
                      core::utf8_prefix(value, limits_.tag_bytes));
  }
  if (state.series.size() >= limits_.series) state.series.clear();
  const auto series = series_in(state.type, encode_tags(tags), state.other);
  if (series != 0) state.series.emplace(scratch_, series);
  return series;
}

// Past the limit only those that are known.
std::uint32_t Accumulator::series_in(std::uint32_t type, const std::string& tags,
                                     std::uint32_t other) {
  if (dictionary_.series_of(type) < limits_.series) return dictionary_.series(type, tags);
  const auto known = dictionary_.find_series(type, tags);
  return known == 0 ? other : known;
}

void Accumulator::enter(TypeState& state, std::int64_t hour) {
  state.hour = hour;
  state.in_hour.clear();
  state.total = &slot({Grain::kHour, part_of(state.type, Kind::kTotal), hour, 0});
  state.workloads = state.plan->workload_value
                        ? &slot({Grain::kHour, part_of(state.type, Kind::kWorkloads), hour, 0})
                        : nullptr;
}

void Accumulator::measure(const TypeState& state, const core::Event& event) {
  values_.clear();
  workload_value_ = nullptr;
  values_.reserve(state.measures.size());  // places stay
  for (const auto& measured : state.measures) {
    double number = 0;
    if (measured.derived == nullptr) {
      if (measured.slot >= event.fields.size()) continue;
      const core::FieldValue& field = event.fields[measured.slot];
      if (!field.present()) continue;
      number = field.number();
    } else {
      const auto derived = measured.derived->of(event);
      if (!derived) continue;
      number = *derived;
    }
    values_.push_back({number, measured.name, measured.sketch ? core::Sketch::bin_of(number) : 0,
                       measured.spread, measured.sketch});
    if (measured.of_workload) workload_value_ = &values_.back();
  }
}

void Accumulator::add_to(Slot& slot) {
  Cell& cell = slot.cell;
  ++cell.events;
  std::size_t at = 0;
  for (const Value& value : values_) {
    while (at < cell.measures.size() && cell.measures[at].name < value.name) ++at;
    if (at == cell.measures.size() || cell.measures[at].name != value.name) {
      cell.measures.insert(cell.measures.begin() + static_cast<std::ptrdiff_t>(at),
                           Numbers{.name = value.name, .spread = value.spread});
      bytes_ += sizeof(Numbers);
    }
    Numbers& numbers = cell.measures[at];
    numbers.add(value.number);
    if (value.sketch) {
      const auto had = numbers.sketch.bytes();
      numbers.sketch.count(value.bin);
      bytes_ += numbers.sketch.bytes() - had;
    }
  }
  touch(slot);
}

// Of a minute behind all that were there nothing is kept, so nothing has to be loaded.
void Accumulator::enter_minute(TypeState& state, std::int64_t minute) {
  state.minute = minute;
  state.in_minute.clear();
  auto& newest = newest_minutes_[part_of(state.type, Kind::kTags)];
  state.minute_is_new = minute > newest;
  newest = std::max(newest, minute);
}

bool Accumulator::keeps_minutes(Part part, std::int64_t hour, bool in_time, bool first) {
  const std::pair key{part, hour};
  const auto found = minute_hours_.find(key);
  const CellKey place{Grain::kMinute, part, hour, 0};
  if (found != minute_hours_.end()) {
    if (in_time) return true;
    minute_hours_.erase(found);
    minutes_ended_.push_back(place);
    return false;
  }
  if (!in_time || !first) return false;
  minute_hours_.insert(key);
  minutes_begun_.push_back(place);
  return true;
}

void Accumulator::add_workload(const TypeState& state, const core::Event& event,
                               std::int64_t hour) {
  const auto add_to_workloads = [&](Slot& slot, const Workloads::Newest& newest) {
    const auto had = slot.workloads->bytes();
    slot.workloads->add(core::hash_of(event.workload), newest);
    bytes_ += slot.workloads->bytes() - had;
    touch(slot);
  };
  if (hour != all_hour_) {
    all_hour_ = hour;
    all_workloads_ = &slot({Grain::kHour, part_of(all_types_, Kind::kWorkloads), hour, 0});
  }
  add_to_workloads(*all_workloads_, {});
  if (state.workloads == nullptr) return;
  Workloads::Newest newest{core::to_nanos(event.time), tie_of(event.id)};
  newest.known = workload_value_ != nullptr;
  newest.value = newest.known ? workload_value_->number : 0;
  add_to_workloads(*state.workloads, newest);
}

void Accumulator::add(const core::Event& event) {
  TypeState& state = state_of(event);
  measure(state, event);
  const std::int64_t hour = bucket_of(event.time, Grain::kHour);
  if (hour != state.hour) enter(state, hour);
  add_to(*state.total);
  if (state.plan->workloads && !event.workload.empty()) add_workload(state, event, hour);

  std::uint32_t series = series_of(state, event);
  const Part part = part_of(state.type, Kind::kTags);
  Slot*& hourly = state.in_hour[series];
  if (hourly == nullptr && series != 0) {
    Slot& found = slot({Grain::kHour, part, hour, series});
    // Whether it is new to the hour goes by the hour's own cell: that is kept with it.
    if (found.cell.events > 0 || state.total->cell.combinations < limits_.combinations) {
      if (found.cell.events == 0) ++state.total->cell.combinations;
      hourly = &found;
    }
  }
  if (hourly == nullptr) {
    ++others_;
    if (state.other == 0) {
      Tags tags;
      for (const std::size_t tag : state.plan->tags)
        tags.emplace_back(state.plan->type->fields[tag].name, kOther);
      state.other = dictionary_.series(state.type, encode_tags(tags));
    }
    series = state.other;
    Slot& found = slot({Grain::kHour, part, hour, series});
    add_to(found);
  } else {
    add_to(*hourly);
  }
  const bool in_time = event.received - event.time <= kMinutesFor;
  // The event was counted just now.
  if (!keeps_minutes(part, hour, in_time, state.total->cell.events == 1)) return;
  const std::int64_t minute = bucket_of(event.time, Grain::kMinute);
  if (minute != state.minute) enter_minute(state, minute);
  Slot*& minutely = state.in_minute[series];
  if (minutely == nullptr)
    minutely = &slot({Grain::kMinute, part, minute, series}, state.minute_is_new);
  add_to(*minutely);
}

// Another core decoded them: most of what adding one costs is the wait for its fields.
void Accumulator::add(std::span<const core::Event> events) {
  constexpr std::size_t kAhead = 3;
  constexpr std::size_t kLine = 64;
  for (std::size_t i = 0; i < events.size(); ++i) {
    if (i + kAhead < events.size()) {
      const auto fields = std::as_bytes(events[i + kAhead].fields);
      for (std::size_t at = 0; at < fields.size(); at += kLine)
        __builtin_prefetch(fields.data() + at);
    }
    if (i + 2 * kAhead < events.size()) __builtin_prefetch(&events[i + 2 * kAhead].fields);
    add(events[i]);
  }
}

Accumulator::Changes Accumulator::take() {
  Changes changes;
  changes.cells.reserve(dirty_.size());
  for (Slot* slot : dirty_) {
    slot->dirty = false;
    const CellKey& key = slot->key;
    const std::int64_t hour = key.bucket - key.bucket % kHourSeconds;
    if (key.grain == Grain::kMinute && !minute_hours_.contains({key.part, hour})) continue;
    if (!slot->workloads) {
      changes.cells.push_back({key, encode(slot->cell)});
      continue;
    }
    CellKey chunk = key;
    for (auto& bytes : slot->workloads->encode()) {
      changes.cells.push_back({chunk, std::move(bytes)});
      ++chunk.series;
    }
  }
  dirty_.clear();
  // In the order of their keys, as they are kept.
  std::sort(changes.cells.begin(), changes.cells.end(), [](const Change& a, const Change& b) {
    return std::tie(a.key.grain, a.key.part, a.key.bucket, a.key.series) <
           std::tie(b.key.grain, b.key.part, b.key.bucket, b.key.series);
  });
  changes.minutes_ended = std::exchange(minutes_ended_, {});
  changes.minutes_begun = std::exchange(minutes_begun_, {});
  std::erase_if(changes.minutes_begun, [this](const CellKey& key) {
    return !minute_hours_.contains({key.part, key.bucket});
  });
  if (bytes_ > limits_.cache_bytes) forget();
  return changes;
}

void Accumulator::forget() {
  for (auto& [name, state] : states_) {
    state->hour = state->minute = -1;
    state->minute_is_new = false;
    state->total = state->workloads = nullptr;
    state->in_hour.clear();
    state->in_minute.clear();
  }
  all_hour_ = -1;
  all_workloads_ = nullptr;
  dirty_.clear();
  minutes_begun_.clear();
  minutes_ended_.clear();
  slots_.clear();
  bytes_ = 0;
}

}  // namespace kcloud::rollups
