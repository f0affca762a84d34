#include "collectors/file/fingerprint.h"

#include <algorithm>

namespace kcloud::file {

namespace {

std::string_view last(std::string_view text, std::size_t size) {
  return text.substr(text.size() - std::min(text.size(), size));
}

}  // namespace

std::uint64_t checksum(std::string_view text, std::uint64_t seed) {
  for (const char c : text) seed = (seed ^ static_cast<unsigned char>(c)) * 0x100000001b3ull;
  return seed;
}

Head head_of(std::string_view beginning) {
  beginning = beginning.substr(0, Head::kMaxHead);
  return {static_cast<std::uint32_t>(beginning.size()), checksum(beginning)};
}

bool fits(const Head& head, std::string_view beginning) {
  if (head.length == 0) return true;
  return beginning.size() >= head.length && checksum(beginning.substr(0, head.length)) == head.sum;
}

Place place_at(std::uint64_t offset, std::string_view before, bool skipping) {
  before = last(before, Place::kMaxTail);
  return {offset, static_cast<std::uint32_t>(before.size()), checksum(before), skipping};
}

bool fits(const Place& place, std::string_view before) {
  if (place.tail_length == 0) return true;
  return before.size() >= place.tail_length &&
         checksum(last(before, place.tail_length)) == place.tail;
}

}  // namespace kcloud::file
