// The connection's TLS: its handshake, and reading through it.
#include <boost/asio/as_tuple.hpp>

#include "agent/http/connection.h"

namespace kcloud::http {

using boost::system::error_code;

// Ends within header_timeout, however slowly the client's part of it comes.
Task<void> Connection::shake_hands() {
  enter(Phase::kIdle, core_->options.header_timeout);
  while (tls_->accept() != Tls::Want::kNothing) {
    const bool ready = co_await wait_for(tls_->want());
    if (ready) continue;
    const bool plain = tls_ && tls_->met_plain_http();
    core::count(plain ? core_->counters.tls_plain_http : core_->counters.tls_failed);
    if (plain) {
      tls_.reset();
      fail(400, "this listener speaks HTTPS: use https://");
      serialise(false);
      write_now();
    }
    if (!timed_out_) co_await linger();  // so that the client gets the answer, or TLS's alert
    gone_ = true;
    co_return;
  }
  core::count(core_->counters.tls_handshakes);
  request_.client_verified = tls_->client_verified();
  if (request_.client_verified) client_name_ = tls_->client_name();
  request_.client_name = client_name_;
}

// False: it is over, or took too long.
Task<bool> Connection::wait_for(Tls::Want want) {
  if (want == Tls::Want::kEnd || timed_out_) co_return false;
  const auto event = want == Tls::Want::kWrite ? Socket::wait_write : Socket::wait_read;
  auto [error] = co_await socket_.async_wait(event, asio::as_tuple(kAwait));
  co_return !error && !timed_out_;
}

Task<Connection::Moved> Connection::read_some(asio::mutable_buffer to) {
  if (tls_) return read_tls(to);
  return socket_.async_read_some(to, asio::as_tuple(kAwait));
}

Task<Connection::Moved> Connection::read_tls(asio::mutable_buffer to) {
  while (tls_) {
    const std::size_t size = tls_->read(static_cast<char*>(to.data()), to.size());
    if (size > 0) co_return Moved(error_code(), size);
    const bool ready = co_await wait_for(tls_->want());
    if (!ready) break;
  }
  co_return Moved(error_code(), 0);
}

}  // namespace kcloud::http
