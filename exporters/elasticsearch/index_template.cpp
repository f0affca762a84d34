#include "exporters/elasticsearch/index_template.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>

#include "core/json.h"
#include "exporters/elasticsearch/document.h"
#include "exporters/elasticsearch/response.h"
#include "exporters/elasticsearch/seal_document.h"

namespace kcloud::elasticsearch {
namespace {

// In UTF-16 units, which have at most three bytes of UTF-8: below Lucene's 32,766 bytes a term.
constexpr std::string_view kKeyword = R"({"type":"keyword","ignore_above":8191})";
constexpr std::string_view kText =
    R"({"type":"text","fields":{"keyword":{"type":"keyword","ignore_above":8191}}})";

// The format is that of answers too: OpenSearch's own cuts to milliseconds there.
constexpr std::string_view kTime =
    R"({"type":"date_nanos","format":"strict_date_optional_time_nanos||epoch_millis"})";
constexpr std::string_view kBody = R"({"type":"text","index":false,"norms":false})";
constexpr std::string_view kCommonKeywords[] = {"id",        "type",         "source", "workload",
                                                "cluster",   "severity",     "actor",  "agent",
                                                "collector", "agent_cluster"};

std::string_view mapping_of(const core::Field& field) {
  switch (field.type) {
    case core::FieldType::kInteger:
      return R"({"type":"long","coerce":false,"ignore_malformed":true})";
    case core::FieldType::kReal:
      return R"({"type":"double","coerce":false,"ignore_malformed":true})";
    case core::FieldType::kBoolean:
      return R"({"type":"boolean"})";
    case core::FieldType::kJson:
      return R"({"type":"text"})";
    case core::FieldType::kText:
      return field.role == core::FieldRole::kTag ? kKeyword : kText;
  }
  return kKeyword;
}

// `more`: members for the properties, with the comma in front.
std::string mappings(const core::EventType* type, std::string_view more = {}) {
  std::string out = R"({"dynamic":false,"properties":{)";
  for (const char* name : {"@timestamp", "received"}) {
    core::append_key(out, name);
    out += kTime;
  }
  core::append_key(out, "body");
  out += kBody;
  for (const auto name : kCommonKeywords) {
    core::append_key(out, name);
    out += kKeyword;
  }
  core::append_key(out, "reason");
  out += kText;
  core::append_key(out, "fields");
  out += R"({"dynamic":false,"properties":{)";
  if (type != nullptr) {
    for (const auto& field : type->fields) {
      core::append_key(out, field.name);
      out += mapping_of(field);
    }
  }
  out += "}}";
  out += more;
  return out + "}}";
}

std::string settings(const Config& config) {
  std::map<std::string, std::string> all{
      {"index.number_of_shards", std::to_string(config.shards)},
      {"index.number_of_replicas", std::to_string(config.replicas)}};
  for (const auto& [name, value] : config.index_settings) all[name] = value;
  std::string out = "{";
  for (const auto& [name, value] : all) {
    core::append_comma(out);
    core::append_json_string(out, name);
    out += ':';
    core::append_json_string(out, value);
  }
  return out + "}";
}

std::string checksum_of(std::string_view text) {
  std::string out;
  for (const std::uint8_t byte : core::sha256(text)) out += fmt::format("{:02x}", byte);
  return out.substr(0, 16);
}

// A seal has what an event has as well, though it says nothing of it: one search over both sorts.
std::string seal_mappings() {
  std::string own;
  for (const char* name : {"chain", "root", "prev", "hash"}) {
    core::append_key(own, name);
    own += kKeyword;
  }
  for (const char* name : {"seq", "events", "total_events", "journal_end"}) {
    core::append_key(own, name);
    own += R"({"type":"long"})";
  }
  return mappings(nullptr, ',' + own);
}

IndexTemplate make_template(std::string_view type, const std::string& mappings,
                            const Config& config) {
  IndexTemplate made;
  made.name = fmt::format("{}-{}", config.prefix, type);
  // Of two patterns that fit an index, the longer one is its own: with priorities by length no two
  // templates ever have the same pattern and priority. Above 100 are those that the servers bring.
  std::string content = fmt::format(
      R"("index_patterns":["{}-*"],"priority":{},"version":{},"template":{{"settings":{},"mappings":{}}})",
      made.name, 200 + made.name.size(), kTemplateVersion, settings(config), mappings);
  made.checksum = checksum_of(content);
  made.body = fmt::format(R"({{{},"_meta":{{"kcloud_logger":{{"version":{},"checksum":"{}"}}}}}})",
                          content, kTemplateVersion, made.checksum);
  return made;
}

}  // namespace

std::vector<IndexTemplate> make_templates(const core::Catalogue& catalogue, const Config& config) {
  std::vector<IndexTemplate> templates;
  for (const auto& type : catalogue.types())
    templates.push_back(make_template(type.name, mappings(&type), config));
  templates.push_back(make_template(kOther, mappings(nullptr), config));
  return templates;
}

IndexTemplate make_seal_template(const Config& config) {
  return make_template(kSealType, seal_mappings(), config);
}

Differences compare(const std::vector<IndexTemplate>& wanted, std::string_view answer) {
  std::map<std::string, std::string, std::less<>> there;  // name: the template as JSON
  const std::string list = core::json_text_at(answer, "index_templates");
  for (const auto element : elements_of(list))
    there.emplace(core::json_text_at(element, "name"), element);
  Differences found;
  for (const auto& one : wanted) {
    const auto other = there.find(one.name);
    if (other == there.end()) {
      found.missing.push_back(&one);
      continue;
    }
    const std::string meta =
        core::json_text_at(other->second, "index_template._meta.kcloud_logger");
    const auto version = core::json_number_at(meta, "version").value_or(0);
    if (version > kTemplateVersion) continue;
    if (core::json_text_at(meta, "checksum") != one.checksum) found.different.push_back(&one);
  }
  return found;
}

}  // namespace kcloud::elasticsearch
