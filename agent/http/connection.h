// One client: reads a request, hands it to the handler, writes the answer, and again. A coroutine
// on the I/O thread that owns itself until the client or a limit ends it. Internal to the folder.
#pragma once

#include <boost/asio/async_result.hpp>
#include <list>
#include <memory>
#include <optional>
#include <string>
#include <tuple>
#include <vector>

#include "agent/http/core.h"
#include "agent/http/parser.h"
#include "agent/http/reply.h"
#include "agent/http/tls.h"

namespace kcloud::http {

class Connection final : public Exchange, public std::enable_shared_from_this<Connection> {
 public:
  Connection(std::shared_ptr<Core> core, Socket socket, std::unique_ptr<Tls> tls);

  void start(std::list<Connection*>::iterator place);
  void check_deadline();  // by the coarse timer
  void finish_soon();     // the server stops: end as soon as the request under way is answered
  void cut();             // end now

  // Exchange; any thread.
  void answer(std::uint64_t turn, Response response, std::unique_ptr<Stream> stream) override;
  void piece(std::uint64_t turn, std::string bytes) override;
  void post(std::function<void()> task) override { core_->post(std::move(task)); }

 private:
  enum class Phase : std::uint8_t { kIdle, kHeader, kBody, kHandler, kWriting, kStream, kClosing };

  // A suspended coroutine that waits for answer(), piece() or the end.
  struct Waiter {
    virtual ~Waiter() = default;
    virtual void resume() = 0;
  };
  template <class H>
  struct HeldWaiter;
  Task<void> wait();
  void wake();

  using Moved = std::tuple<boost::system::error_code, std::size_t>;  // 0 bytes: the end

  Task<void> run();
  Task<void> shake_hands();
  Task<Moved> read_some(asio::mutable_buffer to);
  Task<Moved> read_tls(asio::mutable_buffer to);
  Task<bool> wait_for(Tls::Want want);
  Task<bool> read_header();
  Task<void> read_body();
  Task<void> write_rest();
  Task<void> send_stream();
  Task<void> linger();
  void watch_client();
  void handle();
  bool write_now();
  bool discard();
  void close();
  bool parse_header(std::size_t header_end);
  bool feed_body();
  bool charge_body();
  void make_room(std::size_t bytes);
  void fail(int status, std::string_view problem);
  void fail_timeout_or_leave();
  void enter(Phase phase, milliseconds timeout);
  void serialise(bool more_follows);
  void finish_request();

  std::shared_ptr<Core> core_;
  Socket socket_;
  std::unique_ptr<Tls> tls_;  // empty: plain
  std::string client_name_;
  std::list<Connection*>::iterator place_;

  std::string header_;        // of the request under way; its views point here
  std::vector<char> buffer_;  // [data_begin_, data_end_) is read and not parsed yet
  std::size_t data_begin_ = 0;
  std::size_t data_end_ = 0;

  Request request_;
  std::optional<Parser> parser_;
  Response response_;
  std::unique_ptr<Stream> stream_;
  std::string out_;
  std::size_t written_ = 0;
  std::string piece_;
  std::unique_ptr<Waiter> waiter_;
  SteadyClock::time_point deadline_;
  std::uint64_t turn_ = 0;
  std::uint64_t charged_ = 0;  // body bytes counted in Core::pending_body_bytes
  std::uint64_t body_mark_ = 0;
  Phase phase_ = Phase::kIdle;
  bool answered_ = false;
  bool piece_ready_ = false;
  bool timed_out_ = false;
  bool gone_ = false;    // nothing can be sent any more
  bool close_ = false;   // after the answer
  bool unread_ = false;  // the request's body was not read to its end
  char scratch_[64];
};

}  // namespace kcloud::http
