#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <stdexcept>

#include "config/config.h"
#include "config/suggest.h"

namespace kcloud::config {
namespace {

using core::EventType;
using core::Field;
using core::FieldRole;
using core::FieldType;

constexpr std::string_view kBuiltIn = "event-types.yaml (built-in)";

// What the files have said so far; a Catalogue is made of it once, at the end.
struct Draft {
  std::vector<EventType> types;
  core::CommonPaths common;

  EventType* find(const std::string& name) {
    const auto found =
        std::find_if(types.begin(), types.end(), [&](const auto& t) { return t.name == name; });
    return found == types.end() ? nullptr : &*found;
  }
};

// The names of an enumeration, asked from its own to_string: the strings stand in core alone.
template <typename Enum>
std::vector<std::string> names_up_to(Enum last) {
  std::vector<std::string> names;
  for (int i = 0; i <= static_cast<int>(last); ++i)
    names.emplace_back(core::to_string(static_cast<Enum>(i)));
  return names;
}

template <typename Enum, typename Parse>
void read_enum(Section& section, std::string_view key, Enum& target, Enum last, Parse parse) {
  std::string text(core::to_string(target));
  section.read_choice(key, text, names_up_to(last));
  target = *parse(text);
}

void read_scales(Section& section, Field& field) {
  std::map<std::string, std::string> scales;
  section.read("scale", scales);
  if (scales.empty()) return;
  field.scales.assign(field.paths.size(), 1.0);
  for (const auto& [path, text] : scales) {
    const auto at = std::find(field.paths.begin(), field.paths.end(), path);
    double factor = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), factor);
    if (at == field.paths.end())
      section.fail("scale", fmt::format("'{}' is none of the field's paths", path));
    else if (error != std::errc() || end != text.data() + text.size() || !(factor > 0))
      section.fail("scale", fmt::format("{}: expected a number above 0", path));
    else
      field.scales[static_cast<std::size_t>(at - field.paths.begin())] = factor;
  }
}

Field read_field(const std::string& name, FieldRole role, Section& section) {
  Field field;
  field.name = name;
  field.role = role;
  field.type = role == FieldRole::kMeasure ? FieldType::kReal : FieldType::kText;
  section.read("description", field.description);
  section.read("paths", field.paths);
  read_enum(section, "type", field.type, FieldType::kJson, core::parse_field_type);
  read_enum(section, "unit", field.unit, core::Unit::kScore, core::parse_unit);
  read_enum(section, "reduce", field.reduce, core::Reduce::kMin, core::parse_reduce);
  section.read("required", field.required);
  section.read("sketch", field.sketch);
  section.read("values", field.values);
  std::map<std::string, std::string> map;
  section.read("map", map);
  field.map.assign(map.begin(), map.end());
  section.read("default", field.default_value);
  section.read("example", field.example);
  read_scales(section, field);
  const auto common = core::common_fields();
  const bool is_common =
      std::any_of(common.begin(), common.end(), [&](const auto& c) { return c.name == name; });
  if (field.paths.empty() && !is_common) field.paths = {name};
  return field;
}

void read_common(Section section, core::CommonPaths& common) {
  for (const auto& [name, paths] : core::common_fields()) section.read(name, common.*paths);
}

EventType read_type(const std::string& name, Section& section) {
  EventType type;
  type.name = name;
  section.read("alias", type.alias);
  section.read("description", type.description);
  section.read("reserved", type.reserved);
  read_common(section.section("common"), type.common);
  constexpr std::pair<const char*, FieldRole> kGroups[] = {
      {"tags", FieldRole::kTag}, {"measures", FieldRole::kMeasure}, {"texts", FieldRole::kText}};
  for (const auto& [key, role] : kGroups)
    for (auto& [field, entry] : section.named(key))
      type.fields.push_back(read_field(field, role, entry));
  return type;
}

std::shared_ptr<const core::Catalogue> make(Draft draft, const std::string& file,
                                            Problems& problems) {
  try {
    return std::make_shared<const core::Catalogue>(std::move(draft.types), std::move(draft.common));
  } catch (const std::invalid_argument& error) {
    problems.push_back({file, 0, 0, error.what()});
    return nullptr;
  }
}

// Complains at the type's own place about what the catalogue would refuse in it.
void check_type(Section& section, const EventType& type, const core::CommonPaths& common) {
  try {
    core::Catalogue alone({type}, common);
  } catch (const std::invalid_argument& error) {
    section.fail("", error.what());
  }
}

void read_catalogue(const std::string& text, const std::string& file,
                    const Environment& environment, bool built_in, Draft& draft,
                    Problems& problems) {
  Section root = Section::parse(text, file, environment, problems);
  std::uint32_t version = 1;
  root.read("version", version, 1, 1);
  core::CommonPaths common;
  read_common(root.section("common"), common);
  for (const auto& [name, paths] : core::common_fields())
    (draft.common.*paths)
        .insert((draft.common.*paths).begin(), (common.*paths).begin(), (common.*paths).end());
  for (auto& [name, section] : root.named("types")) {
    EventType type = read_type(name, section);
    EventType* known = draft.find(name);
    if (!built_in && (type.reserved || (known && known->reserved)))
      section.fail("", "reserved for the agent's own events");
    check_type(section, type, draft.common);
    if (known)
      *known = std::move(type);
    else
      draft.types.push_back(std::move(type));
  }
  root.finish();
}

Environment no_environment() {
  return {[](const std::string&) { return std::nullopt; },
          [](const std::string&) { return std::nullopt; }};
}

}  // namespace

std::shared_ptr<const core::Catalogue> parse_catalogue(const std::string& text,
                                                       const std::string& file,
                                                       Problems& problems) {
  const std::size_t before = problems.size();
  Draft draft;
  read_catalogue(text, file, no_environment(), true, draft, problems);
  return problems.size() == before ? make(std::move(draft), file, problems) : nullptr;
}

std::shared_ptr<const core::Catalogue> load_catalogue(const std::vector<std::string>& files,
                                                      const Environment& environment,
                                                      Problems& problems) {
  const std::size_t before = problems.size();
  Draft draft;
  read_catalogue(std::string(embedded_event_types()), std::string(kBuiltIn), no_environment(), true,
                 draft, problems);
  for (const auto& file : files) {
    const auto text = environment.file(file);
    if (text)
      read_catalogue(*text, file, environment, false, draft, problems);
    else
      problems.push_back({file, 0, 0, "cannot be read (intake.catalogue_files)"});
  }
  const std::string last = files.empty() ? std::string(kBuiltIn) : files.back();
  return problems.size() == before ? make(std::move(draft), last, problems) : nullptr;
}

}  // namespace kcloud::config
