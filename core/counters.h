// The counters every plugin has, alike for collectors and exporters. Written by the plugin's
// thread, read by /metrics and /health at any time.
#pragma once

#include <atomic>
#include <cstdint>

namespace kcloud::core {

using Counter = std::atomic<std::uint64_t>;

inline void count(Counter& counter, std::uint64_t by = 1) {
  counter.fetch_add(by, std::memory_order_relaxed);
}

struct CollectorCounters {
  Counter received{0};  // events seen, whole or broken
  Counter stored{0};
  Counter duplicates{0};
  Counter conflicts{0};
  Counter rejected{0};  // refused, now dead letters
  Counter unauthorized{0};
  Counter busy{0};   // events turned away with 503
  Counter bytes{0};  // payload bytes after decompression
};

struct ExporterCounters {
  Counter delivered{0};
  Counter retried{0};  // delivery attempts that had to be repeated
  Counter dead_lettered{0};
  Counter skipped{0};  // events passed over because the journal was full (not `required`)
  Counter batches{0};
  Counter bytes{0};     // payload bytes sent, before compression
  Counter adjusted{0};  // items changed on the way (a point moved by 1 ns, a tag capped)
  Counter carried_seals{0};
  Counter lost_seals{0};  // refused for good, or removed by retention before they were carried
};

}  // namespace kcloud::core
