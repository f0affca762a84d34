// The rollups that the journal keeps beside its events: one commit of them, and one picture to read
// (docs/journal.md, "Rollups"). What they mean is rollups/'.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/event.h"
#include "core/time.h"
#include "rollups/keys.h"

namespace kcloud::journal {

// Buckets from `from` up to, not including, `to`; of one part, or with 0 of all, which costs a look
// at each.
struct RollupRange {
  rollups::Grain grain = rollups::Grain::kHour;
  rollups::Part part = 0;
  std::int64_t from = 0, to = 0;
};

// In this order: what goes, what comes, how far it is. Marks say that a part's bucket is whole:
// days that were made of their hours (by part), hours whose minutes are kept (part 0).
struct RollupCommit {
  std::vector<RollupRange> drops;  // their marks too
  std::vector<std::pair<std::uint32_t, std::string>> names;
  std::vector<rollups::Dictionary::Series> series;
  std::vector<rollups::Change> cells;
  std::vector<rollups::CellKey> marks;    // their series does not count
  std::vector<rollups::CellKey> unmarks;  // likewise
  std::string cursor;                     // empty: none moves
  std::uint64_t seq = 0;
};

// One short snapshot of the rollups and the events that they were made of. Of one thread, valid
// while Reader::read_rollups runs.
class RollupView {
 public:
  virtual ~RollupView() = default;
  virtual void load(rollups::Dictionary& dictionary) = 0;
  // Of one type, by their ids.
  virtual std::vector<rollups::Dictionary::Series> series(std::uint32_t type) = 0;
  virtual std::uint32_t name(const std::string& name) = 0;  // 0: there is none
  // By (bucket, series). The bytes are valid within the call.
  using Visit = std::function<void(const rollups::CellKey& key, std::string_view value)>;
  virtual void scan(const RollupRange& range, const Visit& visit) = 0;
  virtual std::string get(const rollups::CellKey& key) = 0;  // empty: there is none
  // Beginnings of the marked buckets, ascending.
  virtual std::vector<std::int64_t> marks(const RollupRange& range) = 0;

  // Parts that have cells, and from which to which bucket.
  virtual std::vector<RollupRange> parts(rollups::Grain grain) = 0;

  // Events up to here are in the rollups; 0: none.
  virtual std::uint64_t cursor(const std::string& name) = 0;
  virtual std::uint64_t head() = 0;
  // When the newest event of those up to `seq` came; nullopt: there is none.
  virtual std::optional<core::Time> received(std::uint64_t seq) = 0;
  // The oldest event that is kept: its seq and arrival; 0: none.
  virtual std::pair<std::uint64_t, core::Time> oldest() = 0;
  // Events of a type with a time in [from, to) and a seq of at most `upto`, in batches of up to
  // 1,000 by time, their fields not decoded. `type` empty: of all types, by seq.
  virtual void events(const std::string& type, core::Time from, core::Time to, std::uint64_t upto,
                      const std::function<void(core::EventBatch&)>& take) = 0;
};

}  // namespace kcloud::journal
