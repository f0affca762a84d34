#include "rules/bytes.h"
#include "rules/series.h"

namespace kcloud::rules {
namespace {

void write_one(ByteWriter& out, std::uint32_t count) { out.count(count); }
void write_one(ByteWriter& out, const Series::Sum& bucket) {
  out.count(bucket.count);
  out.real(bucket.sum);
}
void write_one(ByteWriter& out, const Series::Least& bucket) { out.real(bucket.value); }
void write_one(ByteWriter& out, const Series::Greatest& bucket) { out.real(bucket.value); }
void write_one(ByteWriter& out, const Series::Variance& bucket) {
  out.real(bucket.count);
  out.real(bucket.mean);
  out.real(bucket.squares);
}
void write_one(ByteWriter& out, const Series::Last& bucket) {
  out.time(bucket.t);
  out.real(bucket.value);
}
void write_one(ByteWriter& out, const core::Sketch& bucket) {
  out.count(bucket.bins().size());
  for (const auto& [number, count] : bucket.bins()) {
    out.integer(number);
    out.count(count);
  }
}
void write_one(ByteWriter& out, const Distinct& bucket) {
  out.count(bucket.hashes().size());
  for (const std::uint64_t hash : bucket.hashes()) out.fixed(hash);
  out.flag(!bucket.exact());
  for (const std::uint8_t rank : bucket.registers()) out.count(rank);
}

void read_one(ByteReader& in, std::uint32_t& count) {
  count = static_cast<std::uint32_t>(in.count());
}
void read_one(ByteReader& in, Series::Sum& bucket) {
  read_one(in, bucket.count);
  bucket.sum = in.real();
}
void read_one(ByteReader& in, Series::Least& bucket) { bucket.value = in.real(); }
void read_one(ByteReader& in, Series::Greatest& bucket) { bucket.value = in.real(); }
void read_one(ByteReader& in, Series::Variance& bucket) {
  bucket.count = in.real();
  bucket.mean = in.real();
  bucket.squares = in.real();
}
void read_one(ByteReader& in, Series::Last& bucket) {
  bucket.t = in.time();
  bucket.value = in.real();
}
void read_one(ByteReader& in, core::Sketch& bucket) {
  std::vector<core::Sketch::Bin> bins(in.size(core::Sketch::kMostBins));
  for (auto& [number, count] : bins) {
    number = static_cast<std::int32_t>(in.integer());
    count = static_cast<std::uint32_t>(in.count());
  }
  if (!bucket.set_bins(bins)) in.fail();
}
void read_one(ByteReader& in, Distinct& bucket) {
  std::vector<std::uint64_t> hashes(in.size(Distinct::kExact));
  for (std::uint64_t& hash : hashes) hash = in.fixed();
  std::vector<std::uint8_t> registers(in.flag() && in.ok() ? Distinct::kRegisters : 0);
  for (std::uint8_t& rank : registers) rank = static_cast<std::uint8_t>(in.count());
  if (!bucket.set(std::move(hashes), std::move(registers))) in.fail();
}

template <class Bucket>
void write_cell(ByteWriter& out, const Ring<Bucket>& ring) {
  std::uint64_t size = 0;
  ring.each_numbered([&](std::int64_t, const Bucket&) { ++size; });
  out.count(size);
  std::int64_t before = 0;
  ring.each_numbered([&](std::int64_t number, const Bucket& bucket) {
    out.integer(number - before);
    write_one(out, bucket);
    before = number;
  });
}
void write_cell(ByteWriter& out, const Series::SeenValues& seen) {
  out.count(seen.size());
  seen.each([&](std::uint64_t value, Ms t) {
    out.fixed(value);
    out.time(t);
  });
}
void write_cell(ByteWriter& out, const Series::Previous& previous) {
  out.time(previous.t);
  out.fixed(previous.value);
  out.count(previous.number);
}

template <class Bucket>
void read_cell(ByteReader& in, Ring<Bucket>& ring) {
  constexpr std::int64_t kFarthest = std::int64_t{1} << 53;
  std::int64_t number = 0;
  const std::size_t size = in.size(~std::size_t{0});
  for (std::size_t i = 0; i < size && in.ok(); ++i) {
    const std::int64_t step = in.integer();
    if (step < -kFarthest || step > kFarthest || (i > 0 && step <= 0)) return in.fail();
    number += step;
    if (number > kFarthest) return in.fail();
    read_one(in, ring.at(number, std::numeric_limits<std::int64_t>::min()));
  }
}
void read_cell(ByteReader& in, Series::SeenValues& seen) {
  const std::size_t size = in.size(~std::size_t{0});
  for (std::size_t i = 0; i < size && in.ok(); ++i) {
    const std::uint64_t value = in.fixed();
    if (value == std::numeric_limits<std::uint64_t>::max()) return in.fail();
    seen[value] = in.time();
  }
}
void read_cell(ByteReader& in, Series::Previous& previous) {
  previous.t = in.time();
  previous.value = in.fixed();
  previous.number = in.count();
}

}  // namespace

void Series::write(std::uint32_t cell, ByteWriter& out) const {
  std::visit([&](const auto& all) { write_cell(out, all[cell]); }, cells_);
}

void Series::read(std::uint32_t cell, ByteReader& in) {
  std::visit([&](auto& all) { read_cell(in, all[cell]); }, cells_);
}

}  // namespace kcloud::rules
