#include "agent/api/live_client.h"

#include "agent/api/event_query.h"

namespace kcloud::api {

Live::Client::Client(Live& live, journal::Query filter, std::uint64_t position,
                     std::string greeting)
    : live_(live),
      filter_(std::move(filter)),
      position_(position),
      greeting_(std::move(greeting)) {}

void Live::Client::pull(http::Piece piece) {
  piece_ = std::move(piece);
  if (!greeting_.empty()) return send(std::exchange(greeting_, {}));
  if (live_.crowded()) return wait();
  advance(false);
}

void Live::Client::send(std::string text) {
  live_.waiting_.erase(shared_from_this());
  std::exchange(piece_, std::nullopt)->send(std::move(text));
}

void Live::Client::wait() { live_.waiting_.insert(shared_from_this()); }

void Live::Client::advance(bool heartbeat) {
  if (gone_ || !piece_ || reading_) return;
  const auto slabs = live_.since(position_);
  if (!slabs) {
    reading_ = true;
    return live_.catch_up(shared_from_this());
  }
  std::string text;
  for (const auto& slab : *slabs) {
    const auto& events = slab->batch.events;
    for (std::size_t i = 0; i < events.size(); ++i) {
      if (events[i].seq <= position_) continue;
      if (text.size() >= live_.options_.piece_bytes) return send(std::move(text));
      if (journal::matches(filter_, events[i])) text.append(slab->texts[i]);
      position_ = events[i].seq;
    }
    position_ = std::max(position_, slab->upto);
  }
  if (text.empty() && heartbeat) {
    text = ": heartbeat\nid: " + format_position(live_.journal_.epoch(), position_) + "\n\n";
  }
  if (!text.empty()) return send(std::move(text));
  wait();
}

void Live::Client::caught_up(std::uint64_t upto, std::string text, std::optional<Gap> gap) {
  reading_ = false;
  if (gone_ || !piece_) return;
  const bool moved = upto > position_;
  position_ = std::max(position_, upto);
  if (gap) {
    std::string with_gap;
    append_sse_gap(with_gap, *gap, format_position(live_.journal_.epoch(), position_));
    text.insert(0, with_gap);
  }
  if (!text.empty()) return send(std::move(text));
  if (moved && !live_.crowded()) return advance(false);
  wait();
}

void Live::Client::leave() {
  gone_ = true;
  live_.waiting_.erase(shared_from_this());
}

}  // namespace kcloud::api
