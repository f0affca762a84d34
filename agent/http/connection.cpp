#include "agent/http/connection.h"

#include <algorithm>
#include <boost/asio/co_spawn.hpp>
#include <boost/beast/http/error.hpp>
#include <cstring>

namespace kcloud::http {

namespace beast = boost::beast;
using boost::system::error_code;

namespace {

constexpr std::size_t kFirstRead = 4096;
constexpr std::size_t kBodyRead = 32 << 10;
constexpr std::size_t kChunkedRead = 8 << 10;
constexpr std::size_t kKeptBytes = 16 << 10;  // larger buffers are given back between requests
constexpr std::uint64_t kBodyProgress = 64 << 10;
constexpr std::string_view kContinue = "HTTP/1.1 100 Continue\r\n\r\n";

}  // namespace

Connection::Connection(std::shared_ptr<Core> core, Socket socket, std::unique_ptr<Tls> tls)
    : core_(std::move(core)),
      socket_(std::move(socket)),
      tls_(std::move(tls)),
      buffer_(kFirstRead) {}

void Connection::start(std::list<Connection*>::iterator place) {
  place_ = place;
  asio::co_spawn(
      core_->io, [self = shared_from_this()] { return self->run(); },
      [self = shared_from_this()](std::exception_ptr) {
        if (self->tls_) self->tls_->say_end();
        self->close();
        self->finish_request();
        self->stream_.reset();
        self->core_->connections.erase(self->place_);
        self->core_->connection_ended();
      });
}

void Connection::enter(Phase phase, milliseconds timeout) {
  phase_ = phase;
  deadline_ = core_->now + timeout;
}

Task<void> Connection::run() {
  if (tls_) co_await shake_hands();
  while (!close_ && !gone_) {
    const bool readable = co_await read_header();  // not inside the `if`: g++ 12 misplaces it
    if (readable) {
      if (!parser_->is_done() && !answered_) co_await read_body();
      if (gone_) co_return;
      if (!answered_) {
        phase_ = Phase::kHandler;
        handle();
        if (!answered_) co_await wait();
      }
    }
    if (gone_ || !answered_) co_return;
    close_ = close_ || response_.close || core_->stopping || stream_ || unread_;
    enter(Phase::kWriting, core_->options.idle_timeout);
    serialise(stream_ != nullptr);
    if (!write_now()) co_await write_rest();
    if (stream_ && !gone_) co_await send_stream();
    finish_request();
    if (unread_ && !gone_) co_await linger();
  }
}

void Connection::handle() {
  try {
    core_->handler.handle(request_, Reply(shared_from_this(), turn_));
  } catch (const std::exception&) {
    core::count(core_->counters.handler_errors);  // the Reply answered 500 on its way out
  }
}

// True: a request is there and admitted or answered; false: refused (answered) or the client left.
Task<bool> Connection::read_header() {
  ++turn_;
  answered_ = unread_ = false;
  if (data_begin_ == data_end_) {
    data_begin_ = data_end_ = 0;
    if (buffer_.size() > kKeptBytes) buffer_ = std::vector<char>(kFirstRead);
    if (core_->stopping) {
      gone_ = true;
      co_return false;
    }
    enter(Phase::kIdle, core_->options.idle_timeout);
  } else {
    enter(Phase::kHeader, core_->options.header_timeout);
  }
  std::size_t searched = 0;
  for (;;) {
    while (data_end_ - data_begin_ >= 2 && std::memcmp(&buffer_[data_begin_], "\r\n", 2) == 0) {
      data_begin_ += 2;  // RFC 9112, 2.2: empty lines before a request are passed over
    }
    const std::string_view data(buffer_.data() + data_begin_, data_end_ - data_begin_);
    const auto end = find_header_end(data, searched);
    if (end && *end <= core_->options.max_header_bytes) co_return parse_header(*end);
    if (end || data.size() >= core_->options.max_header_bytes) {
      const bool long_target = data.find("\r\n") == std::string_view::npos;
      fail(long_target ? 414 : 431, "the request header is larger than http.max_header_bytes");
      co_return false;
    }
    searched = data.size() > 3 ? data.size() : 0;
    make_room(kFirstRead / 4);
    auto [error, size] =
        co_await read_some(asio::buffer(buffer_.data() + data_end_, buffer_.size() - data_end_));
    if (error || size == 0 || timed_out_) {
      fail_timeout_or_leave();
      co_return false;
    }
    if (data_end_ == data_begin_) enter(Phase::kHeader, core_->options.header_timeout);
    data_end_ += size;
  }
}

bool Connection::parse_header(std::size_t size) {
  header_.assign(buffer_.data() + data_begin_, size);
  data_begin_ += size;
  parser_.emplace(request_, core_->limits);
  if (has_folded_line(header_)) {
    fail(400, "a header line is folded");
    return false;
  }
  error_code error;
  parser_->put(asio::buffer(header_), error);
  if (error || !parser_->is_header_done()) {
    fail(parser_->status(), parser_->problem());
    return false;
  }
  close_ = close_ || !parser_->keep_alive();
  if (auto refused = core_->handler.admit(request_)) {
    unread_ = !parser_->is_done();
    answer(turn_, std::move(*refused), nullptr);
  }
  return true;
}

Task<void> Connection::read_body() {
  enter(Phase::kBody, core_->options.body_timeout);
  body_mark_ = 0;
  parser_->eager(true);
  const std::string_view expect = request_.header("expect");
  if (!expect.empty() && data_begin_ == data_end_) {
    if (!equals_ignoring_case(expect, "100-continue")) {
      fail(417, "the only expectation understood is `100-continue`");
      co_return;
    }
    out_.assign(kContinue);
    written_ = 0;
    if (!write_now()) co_await write_rest();
  }
  while (!gone_) {
    if (!feed_body()) co_return;
    if (parser_->is_done()) co_return;
    const auto remaining = parser_->content_length_remaining();
    make_room(remaining ? std::min<std::uint64_t>(*remaining, kBodyRead) : kChunkedRead);
    if (data_end_ - data_begin_ >= kChunkedRead) {
      fail(400, "a chunk's header is too large");
      co_return;
    }
    auto [error, size] =
        co_await read_some(asio::buffer(buffer_.data() + data_end_, buffer_.size() - data_end_));
    if (error || size == 0 || timed_out_) {
      fail_timeout_or_leave();
      co_return;
    }
    data_end_ += size;
  }
}

// Gives what was read to the parser; false: refused.
bool Connection::feed_body() {
  while (data_begin_ < data_end_ && !parser_->is_done()) {
    error_code error;
    const std::size_t used = parser_->put(
        asio::const_buffer(buffer_.data() + data_begin_, data_end_ - data_begin_), error);
    data_begin_ += used;
    if (error == beast::http::error::need_more) break;
    if (error) {
      fail(parser_->status(),
           parser_->status() == 413 ? parser_->problem() : "the chunked body is malformed");
      return false;
    }
    if (used == 0) break;
  }
  if (!charge_body()) {
    fail(503, "too many request bodies are under way");
    add_header(response_, "Retry-After", "1");
    return false;
  }
  if (request_.body.size() - body_mark_ >= kBodyProgress) {
    body_mark_ = request_.body.size();
    enter(Phase::kBody, core_->options.body_timeout);
  }
  return true;
}

bool Connection::charge_body() {
  const std::uint64_t size = request_.body.size();
  core_->pending_body_bytes += size - charged_;
  charged_ = size;
  return core_->pending_body_bytes <= core_->options.max_pending_body_bytes;
}

// Room for at least `bytes` behind the data not parsed yet.
void Connection::make_room(std::size_t bytes) {
  if (buffer_.size() - data_end_ >= bytes) return;
  std::memmove(buffer_.data(), buffer_.data() + data_begin_, data_end_ - data_begin_);
  data_end_ -= data_begin_;
  data_begin_ = 0;
  if (buffer_.size() - data_end_ < bytes) {
    buffer_.resize(std::max(buffer_.size() * 2, data_end_ + bytes));
  }
}

void Connection::fail(int status, std::string_view detail) {
  core::count(core_->counters.malformed);
  close_ = true;
  unread_ = true;
  answer(turn_, problem(status, detail), nullptr);
}

void Connection::fail_timeout_or_leave() {
  if (timed_out_ && phase_ != Phase::kIdle) {
    timed_out_ = false;
    fail(408, phase_ == Phase::kBody ? "the body took too long" : "the header took too long");
  } else {
    gone_ = true;
  }
}

void Connection::finish_request() {
  core_->pending_body_bytes -= charged_;
  charged_ = 0;
  request_.body.clear();
  if (request_.body.capacity() > kKeptBytes) request_.body = std::string();
}

void Connection::check_deadline() {
  if (phase_ == Phase::kHandler || phase_ == Phase::kStream) return;
  if (core_->now < deadline_ || timed_out_) return;
  timed_out_ = true;
  core::count(core_->counters.timeouts);
  error_code ignored;
  socket_.cancel(ignored);
}

void Connection::finish_soon() {
  if (phase_ == Phase::kIdle || phase_ == Phase::kClosing) {
    cut();
  } else if (phase_ == Phase::kStream) {
    wake();
  }
}

void Connection::close() {
  gone_ = true;
  tls_.reset();  // its descriptor may soon be another connection's
  error_code ignored;
  socket_.close(ignored);
}

void Connection::cut() {
  close();
  wake();
}

}  // namespace kcloud::http
