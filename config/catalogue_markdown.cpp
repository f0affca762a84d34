#include <fmt/format.h>

#include "config/config.h"
#include "config/suggest.h"

namespace kcloud::config {
namespace {

std::string code(const std::string& text) { return text.empty() ? "" : "`" + text + "`"; }

std::string code_list(const std::vector<std::string>& words) {
  std::string out;
  for (const auto& word : words) out += (out.empty() ? "" : ", ") + code(word);
  return out;
}

std::string notes_of(const core::Field& field) {
  std::vector<std::string> notes;
  if (field.reduce != core::Reduce::kNone)
    notes.push_back(fmt::format("{} of the array", core::to_string(field.reduce)));
  if (!field.values.empty()) notes.push_back("one of " + code_list(field.values));
  if (!field.default_value.empty()) notes.push_back("default " + code(field.default_value));
  if (field.sketch) notes.push_back("quantiles");
  std::string out = field.description;
  for (const auto& note : notes)
    out += (&note == &notes.front() ? out.empty() ? "" : " " : "; ") + note;
  return out;
}

std::string row_of(const core::Field& field) {
  const std::string unit =
      field.unit == core::Unit::kNone ? "" : fmt::format(" ({})", core::to_string(field.unit));
  return fmt::format("| `{}`{} | {} | {}{} | {} | {} |\n", field.name,
                     field.required ? " **required**" : "", core::to_string(field.role),
                     core::to_string(field.type), unit, code_list(field.paths), notes_of(field));
}

std::string type_table(const core::EventType& type) {
  std::string out = fmt::format("### `{}`\n\n", type.name);
  if (!type.description.empty()) out += type.description + "\n\n";
  if (type.reserved)
    out += "Reserved: the agent's own, refused from publishers.\n\n";
  else if (!type.alias.empty())
    out += fmt::format("`POST /events/{}`\n\n", type.alias);
  if (type.fields.empty()) return out;
  out += "| field | role | type (unit) | read from | notes |\n|---|---|---|---|---|\n";
  for (const auto& field : type.fields) out += row_of(field);
  return out + "\n";
}

}  // namespace

std::string catalogue_markdown(const core::Catalogue& catalogue) {
  std::string out = "### Common to all types\n\n| field | read from |\n|---|---|\n";
  for (const auto& [name, paths] : core::common_fields())
    out += fmt::format("| `{}` | {} |\n", name, code_list(catalogue.common().*paths));
  out += "\n";
  for (const auto& type : catalogue.types()) out += type_table(type);
  out.pop_back();
  return out;
}

}  // namespace kcloud::config
