#include "exporters/forward/failover.h"

namespace kcloud::forward {

std::size_t Failover::pick(Time now) {
  if (current_ != 0 && now >= back_at_) current_ = 0;
  return current_;
}

bool Failover::failed(Time now) {
  if (current_ == 0) back_at_ = now + failback_;
  current_ = (current_ + 1) % upstreams_;
  if (++tried_ < upstreams_) return true;
  tried_ = 0;
  return false;
}

}  // namespace kcloud::forward
