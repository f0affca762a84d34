#include "exporters/influxdb/line_protocol.h"

#include <fmt/compile.h>
#include <fmt/format.h>

#include <cmath>
#include <functional>
#include <iterator>

#include "exporters/influxdb/escape.h"

namespace kcloud::influxdb {
namespace {

template <typename Number>
void append_number(std::string& out, Number number) {
  fmt::format_to(std::back_inserter(out), FMT_COMPILE("{}"), number);
}

const core::FieldValue* slot_value(const core::Event& event, const Origin& origin) {
  if (!origin.slot || *origin.slot >= event.fields.size()) return nullptr;
  const auto& value = event.fields[*origin.slot];
  return value.present() ? &value : nullptr;
}

// The text of a tag that has no fixed one; numbers as catalogue tags would be written.
std::string_view tag_text(const core::Event& event, const Origin& origin) {
  if (const auto text = common_text(event, origin.common); !text.empty()) return text;
  const auto* value = slot_value(event, origin);
  if (value == nullptr) return {};
  if (value->kind == core::FieldValue::Kind::kBoolean) return value->boolean ? "true" : "false";
  return value->kind == core::FieldValue::Kind::kText ? value->text : std::string_view{};
}

// Appends `key=value` with its comma when the value is there and fits the field's type.
void append_field(const core::Event& event, const FieldPlan& plan, bool& first, std::string& out) {
  const auto begin = [&] {
    if (!first) out += ',';
    first = false;
    out += plan.key;
  };
  if (plan.origin.common == Common::kId) {
    begin();
    out += '"';
    core::append_id(out, event.id);
    out += '"';
    return;
  }
  if (const auto text = common_text(event, plan.origin.common); !text.empty()) {
    begin();
    append_string(out, text);
    return;
  }
  const auto* value = slot_value(event, plan.origin);
  if (value == nullptr) return;
  using Kind = core::FieldValue::Kind;
  switch (plan.type) {
    case core::FieldType::kInteger:
      if (value->kind != Kind::kInteger) return;
      begin();
      append_number(out, value->integer);
      out += 'i';
      return;
    case core::FieldType::kReal:
      if (value->kind != Kind::kInteger && value->kind != Kind::kReal) return;
      if (!std::isfinite(value->number())) return;
      begin();
      append_number(out, value->number());
      return;
    case core::FieldType::kBoolean:
      if (value->kind != Kind::kBoolean) return;
      begin();
      out += value->boolean ? "true" : "false";
      return;
    case core::FieldType::kText:
    case core::FieldType::kJson:
      if (value->kind != Kind::kText) return;
      begin();
      append_string(out, value->text);
      return;
  }
}

}  // namespace

LineEncoder::LineEncoder(std::map<std::string, std::string> fixed_tags, std::size_t max_tag_values)
    : fixed_tags_(std::move(fixed_tags)),
      limiter_(max_tag_values),
      unknown_measurements_(limiter_.add_key()) {}

std::uint64_t LineEncoder::append(const core::Event& event, std::string& out) {
  const Layout& layout = layout_of(event);
  const std::size_t start = out.size();
  std::uint64_t adjusted = append_series(event, layout, out);
  const auto series = std::hash<std::string_view>{}(std::string_view(out).substr(start));
  out += ' ';
  bool first = true;
  for (const auto& field : layout.fields) append_field(event, field, first, out);
  const auto place = ties_.assign(series, event.time, event.id);
  if (place.moved) ++adjusted;
  out += ' ';
  append_number(out, place.nanos);
  out += '\n';
  return adjusted;
}

const Layout& LineEncoder::layout_of(const core::Event& event) {
  const auto found = layouts_.find(event.type);
  if (found != layouts_.end()) return found->second;
  return layouts_.emplace(event.type, make_layout(event.type, fixed_tags_, limiter_)).first->second;
}

std::uint64_t LineEncoder::append_series(const core::Event& event, const Layout& layout,
                                         std::string& out) {
  std::uint64_t capped = 0;
  const auto within_cap = [&](std::size_t key, std::string_view value) {
    if (limiter_.admit(key, value)) return value;
    ++capped;
    return TagLimiter::kOther;
  };
  if (layout.measurement.empty())
    append_measurement(out, within_cap(unknown_measurements_, event.type_name));
  else
    out += layout.measurement;
  for (const auto& tag : layout.tags) {
    if (!tag.origin.fixed.empty()) {
      out += tag.key;
      out += tag.origin.fixed;
    } else if (const auto text = tag_text(event, tag.origin); !text.empty()) {
      out += tag.key;
      append_name(out, within_cap(tag.limit, text));
    }
  }
  return capped;
}

}  // namespace kcloud::influxdb
