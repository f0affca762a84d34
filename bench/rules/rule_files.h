// Rules as a fleet has them, by the number. Pure.
#pragma once

#include <span>
#include <string>

namespace kcloud::bench {

// `count` rules in groups of 20: ten shapes (counts, ratios, quantiles, event rules, a sequence) in
// turn, each set of ten for one cluster of `clusters`, and when those have theirs for clusters of
// other names. `threshold` changes all of them.
std::string fleet_rules(std::size_t count, std::span<const std::string> clusters, int threshold);
// `count` rules of those shapes that name no cluster: each is touched by every event of its type.
std::string wide_rules(std::size_t count, int threshold);

}  // namespace kcloud::bench
