#include "rollups/workloads.h"

#include <algorithm>
#include <cmath>
#include <tuple>
#include <vector>

#include "core/bytes.h"

namespace kcloud::rollups {
namespace {

constexpr std::uint64_t kFormat = 1;

}  // namespace

void Workloads::add(std::uint64_t workload, const Newest& newest) {
  if (workload >= limit_) return;
  const auto [found, is_new] = newest_.try_emplace(workload, newest);
  if (!is_new && newest.known &&
      (!found->second.known ||
       std::tie(newest.time, newest.tie) > std::tie(found->second.time, found->second.tie)))
    found->second = newest;
  if (newest_.size() > kExact + kExact / 4) shrink();
}

void Workloads::add(const Workloads& other) {
  if (other.limit_ < limit_) {
    limit_ = other.limit_;
    std::erase_if(newest_, [this](const auto& one) { return one.first >= limit_; });
  }
  for (const auto& [workload, newest] : other.newest_) add(workload, newest);
}

// To the smallest kExact of them.
void Workloads::shrink() {
  if (newest_.size() <= kExact) return;
  std::vector<std::uint64_t> hashes;
  hashes.reserve(newest_.size());
  for (const auto& one : newest_) hashes.push_back(one.first);
  const auto end = hashes.begin() + static_cast<std::ptrdiff_t>(kExact);
  std::nth_element(hashes.begin(), end, hashes.end());
  limit_ = *end;
  std::erase_if(newest_, [this](const auto& one) { return one.first >= limit_; });
}

double Workloads::share() const {
  return exact() ? 1.0 : std::ldexp(static_cast<double>(limit_), -64);
}

double Workloads::count() const {
  const double here = static_cast<double>(newest_.size());
  return exact() ? here : std::round(here / share());
}

double Workloads::sum() const {
  // In one order, so that equal sets have equal sums.
  std::vector<std::pair<std::uint64_t, double>> values;
  for (const auto& [workload, newest] : newest_)
    if (newest.known) values.emplace_back(workload, newest.value);
  std::sort(values.begin(), values.end());
  double sum = 0;
  for (const auto& one : values) sum += one.second;
  return sum / share();
}

std::string Workloads::encode() {
  shrink();
  std::vector<std::pair<std::uint64_t, const Newest*>> sorted;
  sorted.reserve(newest_.size());
  for (const auto& [workload, newest] : newest_) sorted.emplace_back(workload, &newest);
  std::sort(sorted.begin(), sorted.end());
  core::ByteWriter out;
  out.count(kFormat);
  out.fixed(limit_);
  out.count(sorted.size());
  for (const auto& [workload, newest] : sorted) {
    out.fixed(workload);
    out.flag(newest->known);
    if (!newest->known) continue;
    out.integer(newest->time);
    out.fixed(newest->tie);
    out.real(newest->value);
  }
  return out.take();
}

std::optional<Workloads> Workloads::decode(std::string_view bytes) {
  core::ByteReader from(bytes);
  if (from.count() != kFormat) return std::nullopt;
  Workloads out;
  out.limit_ = from.fixed();
  const std::size_t size = from.size(kExact);
  out.newest_.reserve(size);
  for (std::size_t i = 0; i < size && from.ok(); ++i) {
    const auto workload = from.fixed();
    Newest newest;
    newest.known = from.flag();
    if (newest.known) {
      newest.time = from.integer();
      newest.tie = from.fixed();
      newest.value = from.real();
    }
    out.newest_.emplace(workload, newest);
  }
  return from.at_end() ? std::optional(std::move(out)) : std::nullopt;
}

std::uint64_t tie_of(const core::EventId& id) {
  constexpr std::size_t kTime = 6;  // bytes of the id's milliseconds
  std::uint64_t tie = 0;
  for (const char c : id.view().substr(kTime, 8)) tie = tie << 8 | static_cast<unsigned char>(c);
  return tie;
}

}  // namespace kcloud::rollups
