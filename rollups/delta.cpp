#include "rollups/delta.h"

#include <algorithm>

#include "core/bytes.h"
#include "rollups/workloads.h"

namespace kcloud::rollups {
namespace {

constexpr std::uint64_t kFormat = 1;
constexpr std::size_t kMost = std::size_t{1} << 24;  // of anything

void write(core::ByteWriter& to, const CellKey& key) {
  to.count(static_cast<std::uint64_t>(key.grain));
  to.count(key.part);
  to.integer(key.bucket);
  to.count(key.series);
}

CellKey read_key(core::ByteReader& from) {
  CellKey key;
  key.grain = static_cast<Grain>(from.count() & 3);
  key.part = static_cast<Part>(from.count());
  key.bucket = from.integer();
  key.series = static_cast<std::uint32_t>(from.count());
  return key;
}

}  // namespace

std::string encode(const Delta& delta) {
  core::ByteWriter out;
  out.count(kFormat);
  out.count(delta.names.size());
  for (const auto& [id, name] : delta.names) {
    out.count(id);
    out.text(name);
  }
  out.count(delta.series.size());
  for (const auto& series : delta.series) {
    out.count(series.id);
    out.count(series.type);
    out.text(series.tags);
  }
  out.count(delta.cells.size());
  for (const auto& cell : delta.cells) {
    write(out, cell.key);
    out.text(cell.value);
  }
  out.count(delta.minutes.size());
  for (const auto& key : delta.minutes) write(out, key);
  return out.take();
}

std::optional<Delta> decode_delta(std::string_view bytes) {
  core::ByteReader from(bytes);
  Delta delta;
  if (from.count() != kFormat) return std::nullopt;
  for (auto left = from.size(kMost); left > 0 && from.ok(); --left) {
    const auto id = static_cast<NameId>(from.count());
    delta.names.emplace_back(id, from.text());
  }
  for (auto left = from.size(kMost); left > 0 && from.ok(); --left) {
    Dictionary::Series series;
    series.id = static_cast<std::uint32_t>(from.count());
    series.type = static_cast<std::uint32_t>(from.count());
    series.tags = from.text();
    delta.series.push_back(std::move(series));
  }
  for (auto left = from.size(kMost); left > 0 && from.ok(); --left) {
    const auto key = read_key(from);
    delta.cells.push_back({key, std::string(from.text())});
  }
  for (auto left = from.size(kMost); left > 0 && from.ok(); --left)
    delta.minutes.push_back(read_key(from));
  if (!from.at_end()) return std::nullopt;
  return delta;
}

bool whole(const CellKey& key, std::string_view value) {
  if (kind_of(key.part) != Kind::kWorkloads) return decode(value).has_value();
  return Workloads().add(value) != Workloads::Added::kDamaged;
}

bool whole(const Delta& delta) {
  Dictionary nowhere;
  const DeltaNames names(delta, nowhere);
  return std::ranges::all_of(delta.cells, [&](const Change& change) {
    const auto& [key, value] = change;
    const bool named = names.part(key.part) >> 2 != 0 &&
                       (kind_of(key.part) != Kind::kTags || names.series(key.series) != nullptr);
    return named && whole(key, value) &&
           (kind_of(key.part) == Kind::kWorkloads || names.cell(value).has_value());
  });
}

DeltaNames::DeltaNames(const Delta& delta, Dictionary& dictionary)
    : DeltaNames(delta, [&](const std::string& name) { return dictionary.name(name); }) {}

DeltaNames::DeltaNames(const Delta& delta,
                       const std::function<NameId(const std::string&)>& number_of) {
  for (const auto& [id, name] : delta.names) names_.emplace(id, number_of(name));
  for (const auto& series : delta.series) series_.emplace(series.id, &series);
}

NameId DeltaNames::name(NameId own) const {
  const auto found = names_.find(own);
  return found == names_.end() ? 0 : found->second;
}

const Dictionary::Series* DeltaNames::series(std::uint32_t own) const {
  const auto found = series_.find(own);
  return found == series_.end() ? nullptr : found->second;
}

std::optional<Cell> DeltaNames::cell(std::string_view bytes) const {
  auto cell = decode(bytes);
  if (!cell) return std::nullopt;
  for (auto& numbers : cell->measures)
    if ((numbers.name = name(numbers.name)) == 0) return std::nullopt;
  std::ranges::sort(cell->measures, {}, &Numbers::name);
  return cell;
}

}  // namespace kcloud::rollups
