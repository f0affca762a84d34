// What an accumulator made of some events, to be added to what is kept elsewhere: it brings the
// names and tags along that its numbers stand for (exporters/postgres/README.md, "Rollups").
//
// Pure.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include "rollups/cell.h"
#include "rollups/keys.h"

namespace kcloud::rollups {

struct Delta {
  std::vector<std::pair<NameId, std::string>> names;
  std::vector<Dictionary::Series> series;
  std::vector<Change> cells;     // by their keys
  std::vector<CellKey> minutes;  // hours whose minutes are all here, by the part of their tags
};

std::string encode(const Delta& delta);
std::optional<Delta> decode_delta(std::string_view bytes);  // nullopt: the bytes are none

// Whether a value is what its key says, and each of a delta is.
bool whole(const CellKey& key, std::string_view value);
bool whole(const Delta& delta);

// The numbers of a delta in those of a dictionary. The delta outlives it.
class DeltaNames {
 public:
  // `number_of` gives a name its number, which is not 0.
  DeltaNames(const Delta& delta, const std::function<NameId(const std::string&)>& number_of);
  DeltaNames(const Delta& delta, Dictionary& dictionary);

  NameId name(NameId own) const;  // 0: the delta has no such name
  Part part(Part own) const { return name(own >> 2) << 2 | (own & 3); }
  const Dictionary::Series* series(std::uint32_t own) const;  // as the delta has it
  // A cell in the dictionary's names; nullopt: the bytes are none.
  std::optional<Cell> cell(std::string_view bytes) const;

 private:
  std::unordered_map<NameId, NameId> names_;
  std::unordered_map<std::uint32_t, const Dictionary::Series*> series_;
};

}  // namespace kcloud::rollups
