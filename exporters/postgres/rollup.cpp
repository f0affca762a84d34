#include "exporters/postgres/rollup.h"

#include <algorithm>

#include "core/catalogue.h"
#include "exporters/postgres/binary.h"

namespace kcloud::postgres {
namespace {

constexpr std::size_t kMaxPart = 256;  // bytes of a text in the key, which an index holds
constexpr std::int64_t kHour = 3'600'000'000'000;

void add_value(RollupSums& sums, double value) {
  sums.min = sums.count == 0 ? value : std::min(sums.min, value);
  sums.max = sums.count == 0 ? value : std::max(sums.max, value);
  sums.sum += value;
  ++sums.count;
}

}  // namespace

void add_to(Rollup& rollup, const core::Event& event) {
  RollupKey key{core::to_nanos(event.time) / kHour, shortened(event.type_name, kMaxPart),
                shortened(event.cluster, kMaxPart), shortened(event.source, kMaxPart), ""};
  ++rollup[key].count;
  if (event.type == nullptr) return;
  for (std::size_t slot = 0; slot < event.fields.size(); ++slot) {
    const auto& field = event.type->fields[slot];
    const auto& value = event.fields[slot];
    using Kind = core::FieldValue::Kind;
    if (field.role != core::FieldRole::kMeasure ||
        (value.kind != Kind::kInteger && value.kind != Kind::kReal))
      continue;
    key.field = field.name;
    add_value(rollup[key], value.number());
  }
}

}  // namespace kcloud::postgres
