#include "exporters/postgres/derived.h"

#include <algorithm>
#include <array>

#include "exporters/postgres/row.h"

namespace kcloud::postgres {
namespace {

constexpr std::array<std::string_view, 6> kCommon{"time",     "workload", "cluster",
                                                  "severity", "actor",    "reason"};

// Everything that was stored once is taken, as it is.
core::DecodeOptions lenient(core::DecodeOptions options) {
  constexpr std::chrono::nanoseconds kEver = std::chrono::hours(24 * 366 * 250);
  options.accept_unknown_types = true;
  options.max_future = kEver;
  options.max_age = kEver;
  options.max_event_bytes = SIZE_MAX;
  options.keep_fields = true;
  options.unwrap.clear();
  options.redaction = nullptr;
  return options;
}

// The values of one row of COPY.
std::vector<ColumnValue> split(std::string_view row) {
  std::vector<ColumnValue> values;
  for (std::size_t at = 2; at + 4 <= row.size();) {
    std::uint32_t size = 0;
    for (std::size_t i = 0; i < 4; ++i) size = size << 8 | static_cast<std::uint8_t>(row[at + i]);
    at += 4;
    if (size == UINT32_MAX) {
      values.emplace_back();
      continue;
    }
    values.emplace_back(row.substr(at, size));
    at += size;
  }
  return values;
}

}  // namespace

DerivedColumns::DerivedColumns(const core::Catalogue& catalogue, core::DecodeOptions options,
                               Layout layout)
    : decoder_(catalogue, lenient(std::move(options))), layout_(std::move(layout)) {
  const auto& base = base_columns();
  for (const auto name : kCommon) {
    names_.emplace_back(name);
    places_.push_back(static_cast<std::size_t>(std::ranges::find(base, name) - base.begin()));
  }
  for (std::size_t i = 0; i < layout_.columns.size(); ++i) {
    names_.push_back(layout_.columns[i].name);
    places_.push_back(base.size() + i);
  }
}

std::vector<std::string> DerivedColumns::differing(const SealedColumns& row,
                                                   const std::vector<ColumnValue>& values) {
  core::EventBatch batch;
  core::TransportHints hints;
  hints.type = row.type;
  hints.source = row.source;
  hints.workload = row.workload;
  hints.time = row.time;
  hints.received = row.time;
  std::vector<core::FieldError> errors;
  std::vector<std::string_view> warnings;
  if (!decoder_.decode(row.body, hints, batch, errors, warnings)) return {};
  auto& event = batch.events.front();
  event.time = row.time;
  CopyRows out;
  append_row(event, core::Seal{}, layout_, true, out);
  const auto expected = split(out.view());
  std::vector<std::string> names;
  for (std::size_t i = 0; i < names_.size(); ++i)
    if (values[i] && values[i] != expected[places_[i]]) names.push_back(names_[i]);
  return names;
}

}  // namespace kcloud::postgres
