// 64-bit hashes, the same in every build: snapshots keep them. Not for adversaries who know them.
#pragma once

#include <cstdint>
#include <cstring>
#include <string_view>

namespace kcloud::core {

// Folded multiplication: every bit of both goes into every bit of the result.
inline std::uint64_t mix(std::uint64_t a, std::uint64_t b) {
  __extension__ using Wide = unsigned __int128;
  const Wide product = static_cast<Wide>(a) * b;
  return static_cast<std::uint64_t>(product) ^ static_cast<std::uint64_t>(product >> 64);
}

inline constexpr std::uint64_t kOdd1 = 0x9e3779b97f4a7c15;
inline constexpr std::uint64_t kOdd2 = 0xd6e8feb86659fd93;

inline std::uint64_t hash_of(std::uint64_t value) { return mix(value ^ kOdd2, kOdd1); }

inline std::uint64_t hash_of(std::string_view text) {
  std::uint64_t hash = kOdd2 ^ text.size();
  std::uint64_t word = 0;
  while (text.size() >= 8) {
    std::memcpy(&word, text.data(), 8);
    hash = mix(hash ^ word, kOdd1);
    text.remove_prefix(8);
  }
  word = 0;
  if (!text.empty()) std::memcpy(&word, text.data(), text.size());
  return mix(mix(hash ^ word, kOdd1) ^ kOdd2, kOdd1);
}

}  // namespace kcloud::core
