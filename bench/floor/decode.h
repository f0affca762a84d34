// The floor's decoding: minify, find the needed fields, hash. Nothing is validated beyond what
// finding the fields needs. One instance a thread.
#pragma once

#include <simdjson.h>

#include <string_view>

#include "bench/store/store.h"

namespace kcloud::bench {

class FloorDecoder {
 public:
  // One object or an array of objects; false when it is no JSON or a field is missing.
  bool decode(std::string_view text, Batch& batch);

 private:
  bool add(simdjson::ondemand::object object, std::int64_t received, Batch& batch);

  simdjson::ondemand::parser parser_;
};

}  // namespace kcloud::bench
