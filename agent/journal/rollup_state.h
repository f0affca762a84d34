// The rollups that the journal keeps beside its events: one commit of them, and what reads them
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
#include "rollups/workloads.h"

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

// One short snapshot of rollups and of the events that they were made of: what numbers are answered
// from. Of one thread, valid within the call that it is given to.
class RollupSource {
 public:
  virtual ~RollupSource() = default;
  virtual std::uint32_t name(const std::string& name) = 0;  // 0: there is none
  // Of one type, by their ids.
  virtual std::vector<rollups::Dictionary::Series> series(std::uint32_t type) = 0;
  // By bucket; what belongs to one place may come in several cells. The bytes are valid within the
  // call.
  using Visit = std::function<void(const rollups::CellKey& key, std::string_view value)>;
  virtual void scan(const RollupRange& range, const Visit& visit) = 0;
  // Adds those of a part of workloads, each bucket's to what `sum_of` it is.
  using SumOf = std::function<rollups::Workloads&(std::int64_t bucket)>;
  virtual void workloads(const RollupRange& range, const SumOf& sum_of) = 0;
  // Beginnings of the marked buckets, ascending.
  virtual std::vector<std::int64_t> marks(const RollupRange& range) = 0;
  // Events of a type that are in the rollups, with a time in [from, to), in batches of up to 1,000,
  // their fields not decoded.
  virtual void events(const std::string& type, core::Time from, core::Time to,
                      const std::function<void(core::EventBatch&)>& take) = 0;
  // The arrival of the oldest event that is kept, when older ones are gone.
  virtual std::optional<core::Time> kept_since() = 0;
  // Whose days are kept; nullptr: the agent's.
  virtual const core::Zone* day_zone() const { return nullptr; }

  struct Freshness {
    std::uint64_t lag = 0;  // events that are stored and not in the rollups
    core::Time as_of;       // all that was stored by then is in them
  };
  virtual Freshness freshness(core::Time now) = 0;
};

// The journal's: for those who make the rollups too.
class RollupView : public RollupSource {
 public:
  virtual void load(rollups::Dictionary& dictionary) = 0;
  virtual std::string get(const rollups::CellKey& key) = 0;  // empty: there is none
  // Parts that have cells, and from which to which bucket.
  virtual std::vector<RollupRange> parts(rollups::Grain grain) = 0;
  // Events up to here are in the rollups; 0: none.
  virtual std::uint64_t cursor() = 0;
  // The oldest event that is kept: its seq and arrival; 0: none.
  virtual std::pair<std::uint64_t, core::Time> oldest() = 0;
  // Of all types and with a seq of at most `upto`, by seq within their type.
  virtual void events_upto(core::Time from, core::Time to, std::uint64_t upto,
                           const std::function<void(core::EventBatch&)>& take) = 0;
};

}  // namespace kcloud::journal
