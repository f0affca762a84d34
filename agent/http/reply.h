// How a handler answers: at once, later from any thread, or piece by piece.
//
// A Reply is used once. Destroyed without an answer it answers 500, so no client waits for ever.
// Answers to a client that has gone are dropped.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "agent/http/message.h"

namespace kcloud::http {

class Exchange;
class Piece;

// A response body made while it is sent. The connection pulls: the next piece is asked for only
// when the socket took the last one. Destroyed on the I/O thread when the client is gone.
class Stream {
 public:
  virtual ~Stream() = default;
  // On the I/O thread; answer through `piece`, at once or later, from any thread.
  virtual void pull(Piece piece) = 0;
};

class Reply {
 public:
  Reply(std::shared_ptr<Exchange> exchange, std::uint64_t turn);
  Reply(Reply&&) noexcept = default;
  Reply& operator=(Reply&&) = delete;
  ~Reply();

  // Any thread. On the I/O thread the response is written before the call's caller goes on.
  void send(Response response);
  // Sends the head of `response` (its body is not used), then what the stream gives.
  void stream(Response response, std::unique_ptr<Stream> stream);
  // The same, answered through what `wrap` makes of the connection's side.
  using Wrap = std::function<std::shared_ptr<Exchange>(std::shared_ptr<Exchange>)>;
  Reply through(const Wrap& wrap) &&;
  // Runs `task` on the I/O thread; tasks posted in a row wake it up once. Dropped after the
  // server's end.
  void post(std::function<void()> task);

 private:
  std::shared_ptr<Exchange> exchange_;  // empty once answered
  std::uint64_t turn_;
};

// One pull of a stream to be answered; copyable, the first answer counts.
class Piece {
 public:
  Piece(std::shared_ptr<Exchange> exchange, std::uint64_t turn)
      : exchange_(std::move(exchange)), turn_(turn) {}
  // The next bytes of the body; an empty text ends it. Any thread.
  void send(std::string bytes) const;
  void post(std::function<void()> task) const;

 private:
  std::shared_ptr<Exchange> exchange_;
  std::uint64_t turn_;
};

// The connection's side of it. `turn` tells a late answer from the one that is waited for.
class Exchange {
 public:
  virtual ~Exchange() = default;
  virtual void answer(std::uint64_t turn, Response response, std::unique_ptr<Stream> stream) = 0;
  virtual void piece(std::uint64_t turn, std::string bytes) = 0;
  virtual void post(std::function<void()> task) = 0;
};

}  // namespace kcloud::http
