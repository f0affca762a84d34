// What one selector's events are summed up to, group by group, in buckets of one length: shared by
// all rules that look at them, in windows of any place.
//
// A cell is a group's part; its number is that of the group in its Feed. Cost of an event: the
// bucket in the group's ring, found by comparing it with the newest.
#pragma once

#include <cstdint>
#include <optional>
#include <variant>
#include <vector>

#include "core/event.h"
#include "core/sketch.h"
#include "rules/distinct.h"
#include "rules/flat_map.h"
#include "rules/result.h"
#include "rules/ring.h"
#include "rules/rule.h"
#include "rules/time.h"

namespace kcloud::rules {

class ByteWriter;
class ByteReader;

// An event on its way through the engine.
struct Arrival {
  const core::Event* event = nullptr;
  Ms t = 0;
  std::uint64_t number = 0;  // 1 for the engine's first event
};

class Series {
 public:
  enum class Kind : std::uint8_t {
    kCount,
    kSum,
    kMin,
    kMax,
    kVariance,
    kLast,
    kSketch,
    kDistinct,
    kNew,
    kChanged
  };
  static Kind kind_of(Aggregate aggregate, bool has_field);

  // `length`: of a bucket; of the window for kNew. `most_values`: that kNew keeps of a group.
  Series(Kind kind, std::optional<FieldRef> field, Ms length, std::size_t most_values);

  Kind kind() const { return kind_; }
  Ms length() const { return length_; }
  const std::optional<FieldRef>& field() const { return field_; }

  bool fresh = true;  // has to be filled

  void resize(std::size_t cells);
  void clear(std::uint32_t cell);
  void add(std::uint32_t cell, const Arrival& arrival);
  // What lies before `time` is looked at no more.
  void set_horizon(Ms time);
  void lower_horizon(Ms time) {
    if (time < horizon_) set_horizon(time);
  }

  // Of the buckets `from` <= number < `to`. `seconds`: of the window, for kRate.
  Result value(std::uint32_t cell, Aggregate aggregate, double quantile, double seconds,
               std::int64_t from, std::int64_t to);
  static Result of_none(Aggregate aggregate);
  // As Ring's; kNoBucket also where there is no ring.
  std::int64_t next_change(std::uint32_t cell, std::int64_t end, std::int64_t buckets) const;
  bool empty(std::uint32_t cell) const;

  // What the newest event said to kNew and kChanged.
  struct Verdict {
    std::uint64_t event = 0;   // whom it is about; 0: nobody yet
    bool known = false;        // there is an earlier one to compare with:
    Ms before = 0;             // its time
    std::uint64_t number = 0;  // and which it was
    bool differs = false;      // kChanged: from it
  };
  const Verdict& verdict() const { return verdict_; }

  std::size_t bytes() const;
  std::uint64_t refused() const { return refused_; }  // values that there was no room for
  void write(std::uint32_t cell, ByteWriter& out) const;
  void read(std::uint32_t cell, ByteReader& in);  // which fails when it is damaged

  struct Sum {
    std::uint32_t count = 0;
    double sum = 0;
  };
  struct Least {
    double value = std::numeric_limits<double>::infinity();
  };
  struct Greatest {
    double value = -std::numeric_limits<double>::infinity();
  };
  struct Variance {
    double count = 0, mean = 0, squares = 0;  // of differences to the mean
  };
  struct Last {
    Ms t = kLongAgo;
    double value = 0;
  };
  using SeenValues = FlatMap<std::uint64_t, Ms>;  // hash of a value: its newest time
  struct Previous {
    Ms t = kLongAgo;
    std::uint64_t value = 0, number = 0;
  };

 private:
  std::int64_t bucket_of(Ms t);
  void add_new(std::uint32_t cell, const Arrival& arrival, std::uint64_t value);
  void add_changed(std::uint32_t cell, const Arrival& arrival, std::uint64_t value);

  template <class Bucket>
  using Rings = std::vector<Ring<Bucket>>;
  using Cells = std::variant<Rings<std::uint32_t>, Rings<Sum>, Rings<Least>, Rings<Greatest>,
                             Rings<Variance>, Rings<Last>, Rings<core::Sketch>, Rings<Distinct>,
                             std::vector<SeenValues>, std::vector<Previous>>;
  static Cells cells_of(Kind kind);

  const Kind kind_;
  const std::optional<FieldRef> field_;
  const Ms length_;
  const std::size_t most_values_;
  Cells cells_;
  Ms horizon_ = kLongAgo;
  std::int64_t first_bucket_ = std::numeric_limits<std::int64_t>::min();  // at the horizon
  // The bucket of the newest event: most events lie in it too.
  Ms from_ = 0, to_ = 0;
  std::int64_t bucket_ = 0;
  Verdict verdict_;
  std::uint64_t refused_ = 0;
  Ms purged_ = 0;  // when kNew last made room in a full cell
  core::SketchSum sketches_;
  Distinct different_;
};

}  // namespace kcloud::rules
