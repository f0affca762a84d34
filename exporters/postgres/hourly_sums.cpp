#include "exporters/postgres/hourly_sums.h"

#include <algorithm>

#include "core/catalogue.h"
#include "core/utf8.h"
#include "exporters/postgres/binary.h"

namespace kcloud::postgres {
namespace {

constexpr std::size_t kMaxPart = 256;  // bytes of a text in the key, which an index holds
constexpr std::int64_t kHour = 3'600'000'000'000;
constexpr double kMostSum =
    1e300;  // where sums stay: two of them never overflow, which is an error

// As the key has it; `scratch` holds what had to be changed.
std::string_view part(std::string_view text, std::string& scratch) {
  if (text.size() <= kMaxPart && storable(text)) return text;
  return scratch = shortened(text, kMaxPart);
}

}  // namespace

void HourlySums::Sums::add(double value) {
  min = count == 0 ? value : std::min(min, value);
  max = count == 0 ? value : std::max(max, value);
  sum += value;
  ++count;
}

HourlySums::Group& HourlySums::group(const core::Event& event) {
  std::string type, cluster, source;
  const View key(core::to_nanos(event.time) / kHour, part(event.type_name, type),
                 part(event.cluster, cluster), part(event.source, source));
  const auto found = groups_.find(key);
  if (found != groups_.end()) return found->second;
  return groups_.emplace(Key(key), Group{}).first->second;
}

void HourlySums::add(const core::Event& event) {
  Group& sums = group(event);
  ++sums.events;
  if (event.type == nullptr) return;
  sums.type = event.type;
  sums.by_slot.resize(event.type->fields.size());
  using Kind = core::FieldValue::Kind;
  for (std::size_t slot = 0; slot < event.fields.size(); ++slot) {
    const auto& value = event.fields[slot];
    if ((value.kind == Kind::kInteger || value.kind == Kind::kReal) &&
        event.type->fields[slot].role == core::FieldRole::kMeasure)
      sums.by_slot[slot].add(value.number());
  }
}

// Sorted, so that agents that write at the same time lock the rows in one order.
void HourlySums::write(Connection& connection) const {
  std::vector<std::string> hour, type, cluster, source, field, count, sum, min, max;
  const auto row = [&](const Key& key, const std::string& name, const Sums& sums) {
    hour.push_back(binary_time(core::Time(std::chrono::hours(std::get<0>(key)))));
    type.push_back(std::get<1>(key));
    cluster.push_back(std::get<2>(key));
    source.push_back(std::get<3>(key));
    field.push_back(name);
    count.push_back(binary(sums.count));
    sum.push_back(binary(std::clamp(sums.sum, -kMostSum, kMostSum)));
    min.push_back(binary(sums.min));
    max.push_back(binary(sums.max));
  };
  for (const auto& [key, group] : groups_) {
    std::map<std::string, const Sums*> fields;
    for (std::size_t slot = 0; slot < group.by_slot.size(); ++slot)
      if (group.by_slot[slot].count != 0)
        fields.emplace(group.type->fields[slot].name, &group.by_slot[slot]);
    row(key, "", {group.events});
    for (const auto& [name, sums] : fields) row(key, name, *sums);
  }
  if (hour.empty()) return;
  connection.run(
      "INSERT INTO event_rollup AS r SELECT * FROM unnest($1, $2, $3, $4, $5, $6, $7, $8, $9) "
      "ON CONFLICT (hour, type, cluster, source, field) DO UPDATE SET "
      "count = r.count + excluded.count, "
      "sum = greatest(-1e300, least(1e300, r.sum + excluded.sum)), "
      "min = least(r.min, excluded.min), max = greatest(r.max, excluded.max)",
      {array_parameter(Type::kTimestamp, hour), array_parameter(Type::kText, type),
       array_parameter(Type::kText, cluster), array_parameter(Type::kText, source),
       array_parameter(Type::kText, field), array_parameter(Type::kBigint, count),
       array_parameter(Type::kReal, sum), array_parameter(Type::kReal, min),
       array_parameter(Type::kReal, max)});
}

}  // namespace kcloud::postgres
