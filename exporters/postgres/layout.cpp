#include "exporters/postgres/layout.h"

#include <algorithm>
#include <array>
#include <optional>
#include <set>

namespace kcloud::postgres {
namespace {

constexpr std::size_t kMaxName = 63;

Type type_of(core::FieldType type) {
  switch (type) {
    case core::FieldType::kInteger:
      return Type::kBigint;
    case core::FieldType::kReal:
      return Type::kReal;
    case core::FieldType::kBoolean:
      return Type::kBoolean;
    case core::FieldType::kText:
    case core::FieldType::kJson:
      break;
  }
  return Type::kText;
}

// Names that a field cannot have for itself.
std::set<std::string> taken_names(const core::Catalogue& catalogue) {
  std::set<std::string> taken{"column_errors", "ctid", "xmin", "xmax", "cmin", "cmax", "tableoid"};
  taken.insert(base_columns().begin(), base_columns().end());
  std::map<std::string, Type> kinds;
  for (const auto& type : catalogue.types())
    for (const auto& field : type.fields) {
      const Type kind = type_of(field.type);
      if (kinds.emplace(field.name, kind).first->second != kind) taken.insert(field.name);
    }
  return taken;
}

}  // namespace

Layout layout_of(const core::Catalogue& catalogue, const Existing& existing) {
  const auto taken = taken_names(catalogue);
  const auto free = [&](const std::string& name, Type kind) {
    const auto found = existing.find(name);
    return name.size() <= kMaxName &&
           (found == existing.end() || found->second == catalog_name(kind));
  };
  Layout layout;
  std::map<std::string, std::size_t> places;
  for (const auto& type : catalogue.types()) {
    auto& slots = layout.slots.emplace_back();
    for (const auto& field : type.fields) {
      const Type kind = type_of(field.type);
      std::string name = field.name;
      if (taken.contains(name) || !free(name, kind)) name = type.name + "__" + field.name;
      if (!free(name, kind)) {
        slots.push_back(kNoColumn);
        continue;
      }
      const auto [place, added] = places.emplace(name, layout.columns.size());
      if (added) layout.columns.push_back({name, kind});
      slots.push_back(place->second);
    }
  }
  layout.fill();
  return layout;
}

void Layout::fill() {
  filled.clear();
  for (const auto& of_type : slots) {
    auto& columns_of_type = filled.emplace_back();
    for (std::size_t slot = 0; slot < of_type.size(); ++slot)
      if (of_type[slot] != kNoColumn) columns_of_type.emplace_back(of_type[slot], slot);
    std::ranges::sort(columns_of_type);
  }
}

std::string_view sql_type(Type type) {
  return type == Type::kBigint ? "bigint"
         : type == Type::kReal ? "double precision"
         : type == Type::kText ? "text"
                               : "boolean";
}

std::string_view catalog_name(Type type) {
  return type == Type::kBigint ? "int8"
         : type == Type::kReal ? "float8"
         : type == Type::kText ? "text"
                               : "bool";
}

const std::vector<std::string>& base_columns() {
  static const std::vector<std::string> kColumns{
      "ingest_day", "event_id", "time",     "time_ns",   "received", "type",
      "source",     "workload", "cluster",  "severity",  "actor",    "reason",
      "collector",  "agent",    "chain_id", "batch_seq", "body"};
  return kColumns;
}

}  // namespace kcloud::postgres
