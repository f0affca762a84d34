// Adds events, or what was made of them elsewhere, to the cells they belong to: of their hour, of
// their minute, of all tags and of their combination of tags; and to the workloads of their hour.
//
// Pure but for `load`, which gives what is kept of a cell. One thread. Events come in the order of
// their seq; whatever is taken in between, the same events give the same bytes.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <set>
#include <span>
#include <string>
#include <tuple>
#include <unordered_map>
#include <vector>

#include "rollups/cell.h"
#include "rollups/delta.h"
#include "rollups/keys.h"
#include "rollups/plan.h"
#include "rollups/workloads.h"

namespace kcloud::rollups {

inline constexpr std::string_view kOther = "other";  // value of every tag past the limits below

struct Limits {
  std::size_t combinations = 1000;  // of tags: of a type in an hour
  std::size_t series = 20'000;      // of a type at any time
  std::size_t tag_bytes = 200;      // of a value
  std::size_t cache_bytes = std::size_t{24} << 20;
};

class Accumulator {
 public:
  // Empty: nothing is kept of it.
  using Load = std::function<std::string(const CellKey&)>;

  // The dictionary outlives it. Makes the names of the plan's measures in it.
  Accumulator(std::shared_ptr<const Plan> plan, Dictionary& dictionary, Load load,
              const Limits& limits = {});
  ~Accumulator();

  // Minutes are kept of events that came within kMinutesFor of their time, as long as all of their
  // hour's and type's did.
  void add(const core::Event& event);
  // Several: of those to come the memory is fetched before it is needed.
  void add(std::span<const core::Event> events);
  // What another accumulator took of its events. Throws std::runtime_error when it is damaged.
  void add(const Delta& delta);
  // Hours whose minutes are kept: those of an earlier run. By the part of the type's combinations.
  void restore_minutes(Part part, std::int64_t hour) { minute_hours_.emplace(part, hour); }
  // Of the type's combinations: nothing is kept of later minutes, so they need not be loaded.
  void restore_newest_minute(Part part, std::int64_t minute) { newest_minutes_[part] = minute; }
  const std::set<std::pair<Part, std::int64_t>>& minute_hours() const { return minute_hours_; }
  // They are dropped from what is kept.
  void drop_minutes(Part part, std::int64_t hour) { minute_hours_.erase({part, hour}); }

  struct Changes {
    std::vector<CellKey> minutes_ended;  // of these hours they are to be dropped first …
    std::vector<Change> cells;           // … then every cell that changed
    std::vector<CellKey> minutes_begun;  // of these hours minutes are kept now
  };
  // Since the last call.
  Changes take();
  bool changed() const { return !dirty_.empty(); }
  std::uint64_t others() const { return others_; }  // events whose tags became `other`
  std::size_t bytes() const { return bytes_; }
  // Forgets what it knows of cells: they are loaded again. What changed since take() is lost.
  void forget();

 private:
  struct Slot;
  struct TypeState;
  // Of a measure that the event has.
  struct Value {
    double number = 0;
    NameId name = 0;
    std::int32_t bin = 0;
    bool spread = false, sketch = false;
  };

  TypeState& state_of(const core::Event& event);
  Slot& slot(const CellKey& key, bool is_new = false);
  void enter_minute(TypeState& state, std::int64_t minute);
  void touch(Slot& slot);
  std::uint32_t series_of(TypeState& state, const core::Event& event);
  void enter(TypeState& state, std::int64_t hour);
  void measure(const TypeState& state, const core::Event& event);
  void add_to(Slot& slot);
  void add_workload(const TypeState& state, const core::Event& event, std::int64_t hour);
  // Whether minutes are kept of an hour that `first` events came to now.
  bool keeps_minutes(Part part, std::int64_t hour, bool in_time, bool first);
  std::uint32_t series_in(std::uint32_t type, const std::string& tags, std::uint32_t other);
  // Of a delta (accumulator_delta.cpp).
  using Hour = std::pair<Part, std::int64_t>;  // by the part of the type's tags
  // The series that a delta's own is counted under, by part and hour.
  using Places = std::map<std::tuple<Part, std::int64_t, std::uint32_t>, std::uint32_t>;
  void add_total(const DeltaNames& names, const Change& change, const std::set<Hour>& in_time);
  void add_tags(const DeltaNames& names, const Change& change, Places& places);
  void add_minute(const DeltaNames& names, const Change& change, const Places& places);
  void add_workloads(const CellKey& key, const std::string& chunk);

  const std::shared_ptr<const Plan> plan_;
  Dictionary& dictionary_;
  const Load load_;
  const Limits limits_;
  const std::uint32_t all_types_;  // in the dictionary
  std::int64_t all_hour_ = -1;     // of …
  Slot* all_workloads_ = nullptr;  // … the workloads of all types
  std::unordered_map<CellKey, std::unique_ptr<Slot>, CellKeyHash> slots_;
  std::vector<Slot*> dirty_;
  std::unordered_map<std::string, std::unique_ptr<TypeState>> states_;  // by type name
  std::vector<TypeState*> by_index_;                                    // of known types
  std::set<std::pair<Part, std::int64_t>> minute_hours_;
  std::map<Part, std::int64_t> newest_minutes_;
  std::vector<CellKey> minutes_begun_, minutes_ended_;
  std::vector<Value> values_;              // of the event, by their names' numbers
  const Value* workload_value_ = nullptr;  // likewise; nullptr: it has none
  std::string scratch_;
  std::uint64_t others_ = 0;
  std::size_t bytes_ = 0;  // about, of slots_
};

}  // namespace kcloud::rollups
