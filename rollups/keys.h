// Where a cell is kept: grain, part, bucket, series. Plain values.
#pragma once

#include <chrono>
#include <compare>
#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/hash.h"
#include "core/time.h"

namespace kcloud::rollups {

enum class Grain : std::uint8_t { kMinute = 0, kHour = 1, kDay = 2 };

// What of a type: the cell of all its events, those of each combination of tags, its workloads.
enum class Kind : std::uint8_t { kTotal = 0, kTags = 1, kWorkloads = 2 };

using Part = std::uint32_t;  // a type's name in the dictionary, and a kind
inline constexpr Part part_of(std::uint32_t type, Kind kind) {
  return type << 2 | static_cast<Part>(kind);
}
inline constexpr Kind kind_of(Part part) { return static_cast<Kind>(part & 3); }

struct CellKey {
  Grain grain = Grain::kHour;
  Part part = 0;
  std::int64_t bucket = 0;   // its beginning: seconds since 1970
  std::uint32_t series = 0;  // in the dictionary; 0: of all tags; of workloads: a chunk's number

  bool operator==(const CellKey&) const = default;
};

// A cell as it is kept.
struct Change {
  CellKey key;
  std::string value;
};

struct CellKeyHash {
  std::size_t operator()(const CellKey& key) const {
    const auto place = static_cast<std::uint64_t>(key.part) << 34 |
                       static_cast<std::uint64_t>(key.grain) << 32 | key.series;
    return core::hash_of(place ^ core::hash_of(static_cast<std::uint64_t>(key.bucket)));
  }
};

// Minutes are kept of events that came as soon, and then as long.
inline constexpr std::chrono::hours kMinutesFor{24};

inline constexpr std::int64_t kMinuteSeconds = 60, kHourSeconds = 3600;

// The beginning of the bucket that the time lies in; of minutes and hours, which begin alike in
// every zone.
inline std::int64_t bucket_of(core::Time time, Grain grain) {
  const auto seconds = std::chrono::floor<std::chrono::seconds>(time).time_since_epoch().count();
  const std::int64_t length = grain == Grain::kMinute ? kMinuteSeconds : kHourSeconds;
  return seconds - (seconds % length + length) % length;
}
inline core::Time begin_of(std::int64_t bucket) { return core::Time(std::chrono::seconds(bucket)); }

// The values of a series' tags, by their names.
using Tags = std::vector<std::pair<std::string, std::string>>;

// Numbers that stand for names of types and measures, and for combinations of tags. Both count
// from 1.
class Dictionary {
 public:
  struct Series {
    std::uint32_t id = 0;
    std::uint32_t type = 0;
    std::string tags;  // encode_tags()
  };

  std::uint32_t name(std::string_view name);             // made when it is new
  std::uint32_t find_name(std::string_view name) const;  // 0: there is none
  const std::map<std::string, std::uint32_t, std::less<>>& names() const { return names_; }
  std::uint32_t series(std::uint32_t type, const std::string& tags);
  // 0: there is none.
  std::uint32_t find_series(std::uint32_t type, const std::string& tags) const;
  std::size_t series_of(std::uint32_t type) const;  // how many
  std::vector<Series> all_series(std::uint32_t type) const;
  std::uint32_t last_name() const { return last_name_; }  // the greatest number
  std::uint32_t last_series() const { return last_series_; }
  // As it was kept.
  void restore_name(std::uint32_t id, std::string name);
  void restore_series(Series series);
  // What was made since the last call.
  std::vector<std::pair<std::uint32_t, std::string>> take_names();
  std::vector<Series> take_series();

 private:
  std::map<std::string, std::uint32_t, std::less<>> names_;
  std::map<std::pair<std::uint32_t, std::string>, std::uint32_t> series_;
  std::map<std::uint32_t, std::size_t> counts_;
  std::uint32_t last_name_ = 0, last_series_ = 0;
  std::vector<std::pair<std::uint32_t, std::string>> new_names_;
  std::vector<Series> new_series_;
};

std::string encode_tags(const Tags& tags);
Tags decode_tags(std::string_view text);

}  // namespace kcloud::rollups
