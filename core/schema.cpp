#include <algorithm>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/catalogue.h"
#include "core/decode.h"
#include "core/json.h"
#include "core/path_tree.h"

namespace kcloud::core {
namespace {

// One place of the document: what may stand there as a value, and what lies below.
struct Node {
  std::string name;                     // key in its parent
  std::vector<std::string_view> types;  // JSON types of the value itself; empty: a mere container
  std::string description;
  std::string enumeration;  // JSON array, or empty
  std::string default_value;
  std::string_view unit;
  std::string example;  // JSON; empty: not part of the example
  bool array = false;   // `children` belong to the items
  std::vector<Node> children;

  Node& child(std::string_view key) {
    for (auto& node : children)
      if (node.name == key) return node;
    auto& made = children.emplace_back();
    made.name = key;
    return made;
  }
};

std::string quoted(std::string_view text) {
  std::string out;
  append_json_string(out, text);
  return out;
}

std::pair<std::string_view, std::string_view> split_path(std::string_view path) {
  const std::size_t dot = path.find('.');
  if (dot == path.npos) return {path, {}};
  return {path.substr(0, dot), path.substr(dot + 1)};
}

Node& at(Node& root, std::string_view path) {
  Node* node = &root;
  while (!path.empty()) {
    auto [segment, rest] = split_path(path);
    const bool array = segment.ends_with("[]");
    if (array) segment.remove_suffix(2);
    node = &node->child(segment);
    node->array = node->array || array;
    path = rest;
  }
  return *node;
}

std::string_view example_number(Unit unit) {
  switch (unit) {
    case Unit::kPercent:
      return "\"25%\"";
    case Unit::kBytes:
      return "\"32Gi\"";
    case Unit::kWatts:
      return "1200";
    case Unit::kMilliseconds:
      return "245";
    case Unit::kCurrency:
    case Unit::kCurrencyPerHour:
      return "15.6";
    case Unit::kScore:
      return "0.85";
    default:
      return "2";
  }
}

std::string example_of(const Field& field) {
  if (field.type == FieldType::kJson) return "{}";
  if (field.type == FieldType::kBoolean) return "false";
  if (field.role == FieldRole::kMeasure)
    return field.example.empty() ? std::string(example_number(field.unit)) : field.example;
  if (!field.example.empty()) return quoted(field.example);
  if (!field.default_value.empty()) return quoted(field.default_value);
  return quoted(field.values.empty() ? field.name : field.values.front());
}

std::vector<std::string_view> types_of(const Field& field) {
  switch (field.type) {
    case FieldType::kInteger:
    case FieldType::kReal:
      return {"number", "string"};  // text carries a unit: "25%", "32Gi"
    case FieldType::kBoolean:
      return {"boolean"};
    case FieldType::kJson:
      return {"object", "array", "string", "number", "boolean"};
    case FieldType::kText:
      break;
  }
  std::vector<std::string_view> types{"string"};
  for (const auto& [from, to] : field.map)
    if ((from == "true" || from == "false") && types.size() == 1) types.push_back("boolean");
  return types;
}

std::string enumeration_of(const Field& field) {
  if (field.values.empty()) return {};
  std::string out = "[";
  const auto add = [&out](const std::string& json) {
    append_comma(out);
    out += json;
  };
  for (const auto& value : field.values) add(quoted(value));
  for (const auto& [from, to] : field.map) {
    if (from == "true" || from == "false") add(from);
    if (std::find(field.values.begin(), field.values.end(), from) == field.values.end())
      add(quoted(from));
  }
  return out + "]";
}

void describe(Node& root, const Field& field, bool with_example) {
  std::string others;
  for (std::size_t i = 1; i < field.paths.size(); ++i)
    others += (i == 1 ? "Also read from: " : ", ") + field.paths[i];
  for (std::size_t i = 0; i < field.paths.size(); ++i) {
    const std::string& path = field.paths[i];
    Node& node = at(root, path);
    if (!node.types.empty()) continue;  // the first field that names a path describes it
    const bool counted = path.ends_with("[]");
    node.types = counted ? std::vector<std::string_view>{"array"} : types_of(field);
    if (!counted) node.enumeration = enumeration_of(field);
    node.unit = field.unit == Unit::kNone ? std::string_view() : to_string(field.unit);
    if (i > 0) {
      node.description = "Another place for " + field.paths.front() + ".";
      continue;
    }
    node.description = field.description;
    if (!others.empty()) node.description += (node.description.empty() ? "" : " ") + others + ".";
    node.default_value = field.default_value;
    if (!counted && with_example) node.example = example_of(field);
  }
}

void append_types(std::string& out, const Node& node) {
  auto types = node.types;
  const std::string_view container = node.array ? "array" : "object";
  if ((node.array || !node.children.empty()) &&
      std::find(types.begin(), types.end(), container) == types.end())
    types.push_back(container);
  append_key(out, "type");
  out += '[';
  for (const auto type : types) {
    append_comma(out);
    out += quoted(type);
  }
  out += ']';
}

void append_text(std::string& out, std::string_view key, std::string_view text) {
  if (text.empty()) return;
  append_key(out, key);
  append_json_string(out, text);
}

void append_properties(std::string& out, const Node& node);

void append_node(std::string& out, const Node& node) {
  out += '{';
  append_types(out, node);
  append_text(out, "description", node.description);
  append_text(out, "x-unit", node.unit);
  append_text(out, "default", node.default_value);
  if (!node.enumeration.empty() && node.children.empty()) {
    append_key(out, "enum");
    out += node.enumeration;
  }
  if (node.array) {
    append_key(out, "items");
    out += R"({"type":["object","string","number"])";
    append_properties(out, node);
    out += '}';
  } else {
    append_properties(out, node);
  }
  out += '}';
}

void append_properties(std::string& out, const Node& node) {
  if (node.children.empty()) return;
  append_key(out, "properties");
  out += '{';
  for (const Node& child : node.children) {
    append_comma(out);
    out += quoted(child.name) + ":";
    append_node(out, child);
  }
  out += '}';
}

bool has_example(const Node& node) {
  return !node.example.empty() || std::any_of(node.children.begin(), node.children.end(),
                                              [](const Node& child) { return has_example(child); });
}

void append_example(std::string& out, const Node& node) {
  const bool container = std::any_of(node.children.begin(), node.children.end(),
                                     [](const Node& child) { return has_example(child); });
  if (!container) {
    out += node.example;
    return;
  }
  out += node.array ? "[{" : "{";
  for (const Node& child : node.children) {
    if (!has_example(child)) continue;
    append_comma(out);
    out += quoted(child.name) + ":";
    append_example(out, child);
  }
  out += node.array ? "}]" : "}";
}

std::string any_of(const std::vector<std::string>& schemas) {
  if (schemas.size() == 1) return schemas.front();
  std::string out = R"({"anyOf":[)";
  for (const auto& schema : schemas) {
    append_comma(out);
    out += schema;
  }
  return out + "]}";
}

// A schema that holds when the path is there, in snake_case or camelCase.
std::string presence(std::string_view path) {
  const auto [segment, rest] = split_path(path);
  std::vector<std::string> keys{std::string(segment)};
  if (auto camel = camel_case(segment); camel != segment) keys.push_back(std::move(camel));
  std::vector<std::string> schemas;
  for (const auto& key : keys) {
    std::string schema = R"({"required":[)" + quoted(key) + "]";
    if (!rest.empty()) schema += R"(,"properties":{)" + quoted(key) + ":" + presence(rest) + "}";
    schemas.push_back(schema + "}");
  }
  return any_of(schemas);
}

void append_required(std::string& out, const EventType& type) {
  std::string all = "[";
  for (const auto& field : type.fields) {
    if (!field.required) continue;
    std::vector<std::string> places;
    for (const auto& path : field.paths) places.push_back(presence(path));
    append_comma(all);
    all += any_of(places);
  }
  if (all.size() == 1) return;
  append_key(out, "allOf");
  out += all + "]";
}

Field common_as_field(const CommonField& common, const EventType& type) {
  Field field;
  field.name = common.name;
  field.paths = type.common.*common.paths;
  if (common.name == "time") {
    field.description =
        "When it happened: RFC 3339, or an epoch number in s, ms, \u00b5s or ns. Without an offset "
        "the "
        "configured zone applies.";
    field.type = FieldType::kReal;
    field.example = "2025-01-15T10:30:00Z";
  } else if (common.name == "shipper_time") {
    field.description = "A log shipper's time; counts where the event has no other.";
    field.type = FieldType::kReal;
  } else if (common.name == "type") {
    field.description = "The event type; not needed where the endpoint names it.";
    field.values = {type.name};
    field.example = type.name;
  } else if (common.name == "event_id") {
    field.description = "The publisher's own id of this event: the same id is the same event.";
  }
  return field;
}

Node document_of(const EventType& type) {
  Node root;
  std::vector<Field> others;
  for (const auto& common : common_fields()) {
    const bool leads = common.name == "type" || common.name == "time";
    if (leads) describe(root, common_as_field(common, type), true);
    if (!leads && !type.slot(common.name)) others.push_back(common_as_field(common, type));
  }
  for (const auto& field : type.fields) describe(root, field, true);
  // Without examples: a copied `event_id` would make every event the same.
  for (const auto& field : others) describe(root, field, false);
  return root;
}

}  // namespace

std::string json_schema(const EventType& type) {
  const Node root = document_of(type);
  std::string out = "{";
  append_text(out, "$schema", "https://json-schema.org/draft/2020-12/schema");
  append_text(out, "$id", "urn:kcloud:event:" + type.name);
  append_text(out, "title", type.name);
  append_text(out, "description",
              type.description + (type.description.empty() ? "" : " ") +
                  "Every snake_case key may be written in camelCase; unknown keys are kept.");
  append_text(out, "type", "object");
  append_properties(out, root);
  append_required(out, type);
  append_key(out, "additionalProperties");
  out += "true";
  append_key(out, "examples");
  out += '[';
  append_example(out, root);
  out += "]}";
  return out;
}

}  // namespace kcloud::core
