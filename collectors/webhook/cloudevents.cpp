#include "collectors/webhook/cloudevents.h"

#include <algorithm>
#include <optional>

#include "core/hex.h"

namespace kcloud::webhook {

namespace {

std::string unquoted(std::string_view value) {
  if (value.size() < 2 || value.front() != '"' || value.back() != '"') return std::string(value);
  value = value.substr(1, value.size() - 2);
  std::string out;
  for (std::size_t i = 0; i < value.size(); ++i) {
    if (value[i] == '\\' && i + 1 < value.size()) ++i;
    out.push_back(value[i]);
  }
  return out;
}

Problem problem(int status, std::string detail) {
  return {status, std::move(detail), Refusal::kCloudEvent};
}

}  // namespace

std::string decode_header(std::string_view value) {
  std::string text = unquoted(value);
  std::size_t kept = 0;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const int high = text[i] == '%' && i + 2 < text.size() ? core::hex_value(text[i + 1]) : -1;
    const int low = high < 0 ? -1 : core::hex_value(text[i + 2]);
    text[kept++] = low < 0 ? text[i] : static_cast<char>(high * 16 + low);
    if (low >= 0) i += 2;
  }
  text.resize(kept);
  return text;
}

void CloudHeaders::take(std::string_view name, std::string_view value) {
  std::string lower(name);
  std::transform(lower.begin(), lower.end(), lower.begin(),
                 [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c | 0x20) : c; });
  fields_.push_back({std::move(lower), decode_header(value)});
}

core::CloudAttributes CloudHeaders::attributes() const {
  core::CloudAttributes attributes;
  for (const Field& field : fields_) {
    const auto index = core::find_cloud_attribute(field.name);
    if (index && !attributes[*index]) attributes[*index] = field.value;
  }
  return attributes;
}

std::string_view CloudHeaders::repeated() const {
  for (std::size_t i = 1; i < fields_.size(); ++i) {
    const std::string& name = fields_[i].name;
    const bool before = std::any_of(fields_.begin(), fields_.begin() + static_cast<long>(i),
                                    [&](const Field& field) { return field.name == name; });
    if (before && core::find_cloud_attribute(name)) return name;
  }
  return {};
}

std::optional<Problem> check_shape(Mode mode, const core::Split& split) {
  using Shape = core::Split::Shape;
  if (mode == Mode::kStructured && split.shape != Shape::kObject) {
    return problem(400, split.shape == Shape::kArray
                            ? "application/cloudevents+json is one event, the body is an array; "
                              "send application/cloudevents-batch+json"
                            : "application/cloudevents+json is one event, the body holds several "
                              "values; send an array as application/cloudevents-batch+json");
  }
  if (mode == Mode::kBatched && split.shape != Shape::kArray) {
    return problem(400,
                   "application/cloudevents-batch+json is an array of events, the body is none; "
                   "send application/cloudevents+json for one event");
  }
  return std::nullopt;
}

std::optional<Problem> check_binary(const Content& content, const CloudHeaders& headers) {
  if (content.lines) {
    return Problem{415, "binary mode (ce-* header fields) is one event; send application/json",
                   Refusal::kContentType};
  }
  if (!headers.attributes()[0]) {
    return problem(400,
                   "there are ce-* header fields but no ce-specversion; send it (1.0), or no "
                   "ce-* header field at all");
  }
  if (const auto name = headers.repeated(); !name.empty()) {
    return problem(400, "the header field ce-" + std::string(name) + " is there twice");
  }
  return std::nullopt;
}

bool CloudEvents::unwrap(Mode mode, const CloudHeaders& headers, const core::Catalogue& catalogue,
                         std::size_t max_bytes, std::string_view& json, core::TransportHints& hints,
                         std::vector<core::FieldError>& errors) {
  const auto event = mode == Mode::kBinary
                         ? reader_.check(headers.attributes(), "ce-", json, errors)
                         : reader_.read(json, max_bytes, errors);
  if (!event) return false;
  const std::string_view prefix = mode == Mode::kBinary ? "ce-" : "";
  if (!core::apply_cloud_event(*event, catalogue, prefix, hints, errors)) return false;
  json = event->data;
  return true;
}

}  // namespace kcloud::webhook
