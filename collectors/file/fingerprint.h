// What a file's content is known by: its beginning, and what stands in front of a place in it. Two
// files with the same beginning are told apart by the latter. Pure.
#pragma once

#include <cstdint>
#include <string_view>

namespace kcloud::file {

// 64 bits of FNV-1a: a checksum against accidents, not against forgery.
std::uint64_t checksum(std::string_view text, std::uint64_t seed = 0xcbf29ce484222325ull);

// Of a file's first bytes, at most kMaxHead; fewer while the file is shorter.
struct Head {
  static constexpr std::size_t kMaxHead = 256;
  std::uint32_t length = 0;
  std::uint64_t sum = 0;
  bool operator==(const Head&) const = default;
};
Head head_of(std::string_view beginning);
// Whether a file that begins with `beginning` may be the one that `head` was taken of.
bool fits(const Head& head, std::string_view beginning);

// How far a file was read: behind the last line that was taken.
struct Place {
  static constexpr std::size_t kMaxTail = 64;
  std::uint64_t offset = 0;
  std::uint32_t tail_length = 0;  // bytes in front of the offset that `tail` is of; 0: unknown
  std::uint64_t tail = 0;
  bool skipping = false;  // inside a line that is passed over
  bool operator==(const Place&) const = default;
};
// `before`: what stands in front of the offset, as much as there is.
Place place_at(std::uint64_t offset, std::string_view before, bool skipping = false);
// `before`: what stands in front of place.offset now, kMaxTail bytes where there are as many.
bool fits(const Place& place, std::string_view before);

}  // namespace kcloud::file
