// Numbers of things to be looked at again: at the next tick, or at the first one from some time on.
#pragma once

#include <algorithm>
#include <cstdint>
#include <utility>
#include <vector>

#include "rules/time.h"

namespace kcloud::rules {

class Agenda {
 public:
  void soon(std::uint32_t item) { soon_.push_back(item); }
  void later(Ms time, std::uint32_t item) {
    later_.emplace_back(time, item);
    std::push_heap(later_.begin(), later_.end(), std::greater<>());
  }

  bool has_soon() const { return !soon_.empty(); }
  // Of those put off; kNever: none.
  Ms earliest() const { return later_.empty() ? kNever : later_.front().first; }

  // What is due at this tick; one item perhaps more than once.
  void take(Ms tick, std::vector<std::uint32_t>& out) {
    out.clear();
    out.swap(soon_);
    while (earliest() <= tick) {
      out.push_back(later_.front().second);
      std::pop_heap(later_.begin(), later_.end(), std::greater<>());
      later_.pop_back();
    }
  }

  std::size_t bytes() const {
    return soon_.capacity() * sizeof(std::uint32_t) + later_.capacity() * sizeof(later_.front());
  }

 private:
  std::vector<std::uint32_t> soon_;
  std::vector<std::pair<Ms, std::uint32_t>> later_;  // a heap, the earliest first
};

}  // namespace kcloud::rules
