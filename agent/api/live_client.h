// One client of the live stream, on the I/O thread. Internal to the folder.
#pragma once

#include <optional>
#include <string>

#include "agent/api/live.h"

namespace kcloud::api {

class Live::Client : public std::enable_shared_from_this<Live::Client> {
 public:
  Client(Live& live, journal::Query filter, std::uint64_t position, std::string greeting);

  void pull(http::Piece piece);
  // Sends what is there; else waits (and with `heartbeat` says so).
  void advance(bool heartbeat);
  // What the query pool found: everything up to `upto` was looked at.
  void caught_up(std::uint64_t upto, std::string text, std::optional<Gap> gap);
  void leave();  // the connection is gone

  const journal::Query& filter() const { return filter_; }
  std::uint64_t position() const { return position_; }
  std::optional<http::Piece> piece() const { return piece_; }

 private:
  void send(std::string text);
  void wait();

  Live& live_;
  const journal::Query filter_;
  std::uint64_t position_;  // everything up to it was sent or does not match
  std::string greeting_;
  std::optional<http::Piece> piece_;  // asked for and not answered
  bool reading_ = false;              // the pool is at work for it
  bool gone_ = false;
};

}  // namespace kcloud::api
