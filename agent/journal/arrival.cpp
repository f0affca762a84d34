#include "agent/journal/reader.h"

namespace kcloud::journal {
namespace {

// Whether what stands behind `seq` arrived from `time` on; also when there is nothing.
bool arrived_from(Reader& reader, std::uint64_t seq, core::Time time) {
  core::EventBatch one;
  reader.read_after(seq, 1, 1, one);
  return one.events.empty() || one.events.front().received >= time;
}

}  // namespace

std::uint64_t position_of_arrival(Reader& reader, core::Time time) {
  const std::uint64_t oldest = reader.oldest();
  if (oldest == 0) return 0;
  std::uint64_t before = oldest - 1;
  if (arrived_from(reader, before, time)) return before;
  std::uint64_t step = 1;
  while (!arrived_from(reader, before + step, time)) step *= 2;
  std::uint64_t behind = before + step;
  while (before + 1 < behind) {
    const std::uint64_t middle = before + (behind - before) / 2;
    (arrived_from(reader, middle, time) ? behind : before) = middle;
  }
  return behind;
}

}  // namespace kcloud::journal
