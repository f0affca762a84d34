// The connection's way out: answers, streams, and leaving politely.
#include <fmt/format.h>

#include <algorithm>
#include <boost/asio/as_tuple.hpp>

#include "agent/http/connection.h"
#include "agent/http/head.h"

namespace kcloud::http {

using boost::system::error_code;

namespace {

constexpr std::size_t kKeptOut = 64 << 10;  // a larger output buffer is given back
constexpr std::size_t kLingerBytes = 1 << 20;
constexpr milliseconds kLinger{2000};

}  // namespace

template <class H>
struct Connection::HeldWaiter final : Waiter {
  explicit HeldWaiter(H held) : handler(std::move(held)) {}
  void resume() override { std::move(handler)(); }
  H handler;
};

Task<void> Connection::wait() {
  return asio::async_initiate<const asio::use_awaitable_t<Executor>&, void()>(
      [this](auto handler) {
        waiter_ = std::make_unique<HeldWaiter<decltype(handler)>>(std::move(handler));
      },
      kAwait);
}

void Connection::wake() {
  if (auto waiter = std::move(waiter_)) waiter->resume();
}

void Connection::answer(std::uint64_t turn, Response response, std::unique_ptr<Stream> stream) {
  if (!core_->on_io_thread()) {
    auto held = std::make_shared<std::pair<Response, std::unique_ptr<Stream>>>(std::move(response),
                                                                               std::move(stream));
    core_->post([self = shared_from_this(), turn, held] {
      self->answer(turn, std::move(held->first), std::move(held->second));
    });
    return;
  }
  if (turn != turn_ || answered_ || gone_) return;
  answered_ = true;
  response_ = std::move(response);
  stream_ = std::move(stream);
  wake();
}

void Connection::piece(std::uint64_t turn, std::string bytes) {
  if (!core_->on_io_thread()) {
    core_->post([self = shared_from_this(), turn, bytes = std::move(bytes)]() mutable {
      self->piece(turn, std::move(bytes));
    });
    return;
  }
  if (turn != turn_ || piece_ready_ || gone_ || !stream_) return;
  piece_ready_ = true;
  piece_ = std::move(bytes);
  wake();
}

void Connection::serialise(bool more_follows) {
  const bool head = request_.method == "HEAD";
  const bool old_client = parser_ && parser_->is_http10();
  const Framing framing = !more_follows ? Framing::kLength
                          : old_client  ? Framing::kUntilClose
                                        : Framing::kChunked;
  core::count(core_->counters.responses[std::min(response_.status / 100, 5)]);
  if (out_.capacity() > kKeptOut) out_ = std::string();
  out_.clear();
  written_ = 0;
  append_head(out_, response_, framing, close_, old_client, core_->date);
  if (head) stream_.reset();
  if (!head && !more_follows) out_.append(response_.body);
  response_.body = std::string();
}

// False: the socket did not take all of it.
bool Connection::write_now() {
  const std::string_view rest = std::string_view(out_).substr(written_);
  if (tls_) {
    written_ += tls_->write(rest);
    gone_ = gone_ || tls_->want() == Tls::Want::kEnd;
    return gone_ || written_ == out_.size();
  }
  error_code error;
  const std::size_t size = socket_.write_some(asio::buffer(rest), error);
  if (error && error != asio::error::would_block) {
    gone_ = true;
    return true;
  }
  written_ += error ? 0 : size;
  return written_ == out_.size();
}

Task<void> Connection::write_rest() {
  const Phase before = phase_;
  while (written_ < out_.size() && !gone_) {
    enter(Phase::kWriting, core_->options.idle_timeout);
    const bool ready = co_await wait_for(tls_ ? tls_->want() : Tls::Want::kWrite);
    if (!ready) {
      gone_ = true;
    } else if (write_now()) {
      break;
    }
  }
  phase_ = before;
}

Task<void> Connection::send_stream() {
  const bool chunked = !parser_->is_http10();
  phase_ = Phase::kStream;
  watch_client();
  while (!gone_) {
    piece_ready_ = false;
    stream_->pull(Piece(shared_from_this(), turn_));
    if (!piece_ready_ && !gone_ && !core_->stopping) co_await wait();
    if (gone_) break;
    const bool last = !piece_ready_ || piece_.empty();
    out_.clear();
    written_ = 0;
    if (!last) {
      if (chunked) fmt::format_to(std::back_inserter(out_), "{:x}\r\n", piece_.size());
      out_.append(piece_);
      if (chunked) out_.append("\r\n");
    } else if (chunked) {
      out_.append("0\r\n\r\n");
    }
    piece_ = std::string();
    if (!out_.empty() && !write_now()) co_await write_rest();
    if (last) break;
  }
  stream_.reset();
}

// Reads and forgets; false: the client has left.
bool Connection::discard() {
  if (tls_) return tls_->read(scratch_, sizeof scratch_) > 0 || tls_->want() != Tls::Want::kEnd;
  error_code error;
  const std::size_t size = socket_.read_some(asio::buffer(scratch_), error);
  return error == asio::error::would_block || (!error && size > 0);
}

// Learns of a client that leaves while nothing is being sent to it.
void Connection::watch_client() {
  socket_.async_wait(Socket::wait_read, [self = shared_from_this()](error_code error) {
    if (self->gone_) return;
    if (!error && self->discard()) return self->watch_client();
    self->cut();
  });
}

// Reads what the client still sends, for a moment: closing at once would reset the connection and
// take the answer from the client's hands (RFC 9112, 9.6).
Task<void> Connection::linger() {
  if (tls_) tls_->say_end();
  error_code ignored;
  socket_.shutdown(asio::socket_base::shutdown_send, ignored);
  enter(Phase::kClosing, kLinger);
  std::size_t total = 0;
  while (!gone_ && total < kLingerBytes) {
    auto [error, size] = co_await socket_.async_read_some(asio::buffer(buffer_),  // also past TLS
                                                          asio::as_tuple(kAwait));
    if (error || size == 0 || timed_out_) co_return;
    total += size;
  }
}

}  // namespace kcloud::http
