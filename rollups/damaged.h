// What is said of rollups whose bytes are none.
#pragma once

#include <stdexcept>

namespace kcloud::rollups {

[[noreturn]] inline void damaged() {
  throw std::runtime_error("a rollup is damaged; `kcloud-logger rollups rebuild` makes it anew");
}

}  // namespace kcloud::rollups
