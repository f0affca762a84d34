#include "rollups/cell.h"

#include <algorithm>

#include "core/bytes.h"

namespace kcloud::rollups {
namespace {

constexpr std::uint64_t kFormat = 1;
constexpr std::uint64_t kSpread = 1, kSketch = 2;
constexpr std::size_t kMostMeasures = 4096;

// With its size in front, so that it can be passed over.
void write_sketch(core::ByteWriter& to, const core::Sketch& sketch) {
  core::ByteWriter out;
  out.count(sketch.bins().size());
  std::int32_t last = 0;
  for (const auto& [number, count] : sketch.bins()) {
    out.integer(number - last);
    out.count(count);
    last = number;
  }
  to.text(out.bytes());
}

bool read_sketch(std::string_view bytes, core::Sketch& sketch) {
  core::ByteReader from(bytes);
  std::int64_t last = 0;
  for (auto left = from.size(core::Sketch::kMostBins); left > 0; --left) {
    last += from.integer();
    if (!sketch.append(static_cast<std::int32_t>(last), static_cast<std::uint32_t>(from.count())))
      return false;
  }
  return from.at_end();
}

auto place(std::vector<Numbers>& measures, NameId name) {
  return std::lower_bound(measures.begin(), measures.end(), name,
                          [](const Numbers& numbers, NameId id) { return numbers.name < id; });
}

}  // namespace

void Numbers::add(const Numbers& other) {
  if (other.count == 0) return;
  if (spread && other.spread) {
    min = count == 0 ? other.min : std::min(min, other.min);
    max = count == 0 ? other.max : std::max(max, other.max);
    sum_of_squares += other.sum_of_squares;
  }
  count += other.count;
  sum += other.sum;
  sketch.add(other.sketch);
}

Numbers& Cell::at(NameId name, bool spread) {
  auto found = place(measures, name);
  if (found == measures.end() || found->name != name)
    found = measures.insert(found, Numbers{.name = name, .spread = spread});
  return *found;
}

const Numbers* Cell::find(NameId name) const {
  for (const auto& numbers : measures)
    if (numbers.name == name) return &numbers;
  return nullptr;
}

void Cell::add(const Cell& other) {
  events += other.events;
  for (const auto& numbers : other.measures) at(numbers.name, numbers.spread).add(numbers);
}

std::string encode(const Cell& cell) {
  core::ByteWriter out;
  out.count(kFormat);
  out.count(cell.events);
  out.count(cell.combinations);
  const auto is_there = [](const Numbers& numbers) { return numbers.count > 0; };
  out.count(static_cast<std::uint64_t>(std::ranges::count_if(cell.measures, is_there)));
  for (const auto& numbers : cell.measures) {
    if (!is_there(numbers)) continue;
    const bool sketch = !numbers.sketch.bins().empty();
    out.count(numbers.name);
    out.count((numbers.spread ? kSpread : 0) | (sketch ? kSketch : 0));
    out.count(numbers.count);
    out.real(numbers.sum);
    if (numbers.spread) {
      out.real(numbers.sum_of_squares);
      out.real(numbers.min);
      out.real(numbers.max);
    }
    if (sketch) write_sketch(out, numbers.sketch);
  }
  return out.take();
}

std::optional<Cell> decode(std::string_view bytes, const std::vector<Wanted>& wanted) {
  Cell cell;
  return decode(bytes, wanted, cell) ? std::optional(std::move(cell)) : std::nullopt;
}

bool decode(std::string_view bytes, const std::vector<Wanted>& wanted, Cell& cell) {
  core::ByteReader from(bytes);
  if (from.count() != kFormat) return false;
  cell.events = from.count();
  cell.combinations = static_cast<std::uint32_t>(from.count());
  const std::size_t size = from.size(kMostMeasures);
  std::size_t taken = 0;
  auto next = wanted.begin();
  for (std::size_t i = 0; i < size && from.ok(); ++i) {
    if (taken == cell.measures.size()) cell.measures.emplace_back();
    Numbers& numbers = cell.measures[taken];
    numbers.name = static_cast<NameId>(from.count());
    const std::uint64_t flags = from.count();
    numbers.count = from.count();
    numbers.sum = from.real();
    numbers.spread = (flags & kSpread) != 0;
    numbers.sum_of_squares = numbers.spread ? from.real() : 0;
    numbers.min = numbers.spread ? from.real() : 0;
    numbers.max = numbers.spread ? from.real() : 0;
    const auto sketch = (flags & kSketch) != 0 ? from.text() : std::string_view();
    while (next != wanted.end() && next->name < numbers.name) ++next;
    const bool is_wanted = wanted.empty() || (next != wanted.end() && next->name == numbers.name);
    if (!is_wanted) continue;
    numbers.sketch.clear();
    if (!sketch.empty() && (wanted.empty() || next->sketch) && !read_sketch(sketch, numbers.sketch))
      return false;
    ++taken;
  }
  cell.measures.resize(taken);
  return from.at_end();
}

}  // namespace kcloud::rollups
