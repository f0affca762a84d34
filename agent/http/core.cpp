#include "agent/http/core.h"

#include <algorithm>
#include <boost/asio/as_tuple.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/post.hpp>
#include <stdexcept>

#include "agent/http/connection.h"
#include "agent/http/head.h"
#include "agent/http/url.h"

namespace kcloud::http {

namespace {

using boost::system::error_code;

constexpr std::string_view kFull =
    "HTTP/1.1 503 Service Unavailable\r\nRetry-After: 1\r\nContent-Length: 0\r\n"
    "Connection: close\r\n\r\n";

}  // namespace

Core::Core(const Options& given, Handler& handle)
    : options(given),
      limits{given.max_body_bytes, given.max_header_bytes, given.max_headers},
      certificates(given.tls.enabled() ? std::make_unique<Certificates>(given.tls) : nullptr),
      handler(handle),
      sweep_interval_(
          std::clamp(std::min({given.header_timeout, given.body_timeout, given.idle_timeout}) / 4,
                     milliseconds(10), milliseconds(500))) {
  bind();
}

void Core::bind() {
  const ListenAddress listen = parse_listen(options.listen);
  const auto refuse = [&](const error_code& error) {
    throw std::runtime_error("cannot listen on " + options.listen + ": " + error.message() +
                             " (another agent there? see http.listen)");
  };
  error_code error;
  asio::ip::tcp::resolver resolver(io);
  auto found = resolver.resolve(listen.host, std::to_string(listen.port),
                                asio::ip::tcp::resolver::passive, error);
  if (error) refuse(error);
  auto chosen = found.begin();
  for (auto entry = found.begin(); entry != found.end(); ++entry) {
    if (entry->endpoint().address().is_v4()) {
      chosen = entry;
      break;
    }
  }
  const asio::ip::tcp::endpoint endpoint = chosen->endpoint();
  acceptor_.open(endpoint.protocol(), error);
  if (!error) acceptor_.set_option(asio::socket_base::reuse_address(true), error);
  if (!error) acceptor_.bind(endpoint, error);
  if (!error) acceptor_.listen(asio::socket_base::max_listen_connections, error);
  if (error) refuse(error);
  port = acceptor_.local_endpoint().port();
  const std::string host = endpoint.address().to_string();
  address = (endpoint.address().is_v6() ? "[" + host + "]" : host) + ":" + std::to_string(port);
}

void Core::start() {
  tick();
  asio::co_spawn(io, accept_loop(), asio::detached);
  asio::co_spawn(io, sweep_loop(), asio::detached);
  thread_ = std::thread([this] {
    io_thread_ = std::this_thread::get_id();
    io.run();
  });
}

void Core::stop(milliseconds timeout) {
  {
    std::lock_guard lock(mutex_);
    if (stopped_) return;
  }
  if (thread_.joinable()) {
    asio::post(io, [this] {
      stopping = true;
      error_code ignored;
      acceptor_.close(ignored);
      const std::list<Connection*> all = connections;
      for (Connection* connection : all) connection->finish_soon();
    });
    if (!wait_until_empty(timeout)) {
      asio::post(io, [this] {
        const std::list<Connection*> all = connections;
        for (Connection* connection : all) connection->cut();
      });
      wait_until_empty(milliseconds(1000));
    }
    asio::post(io, [this] { sweep_timer_.cancel(); });
    asio::post(io, [this] { io.stop(); });
    thread_.join();
    // What was cancelled but not told yet holds its connection, which holds this.
    io.restart();
    io.poll();
  }
  std::vector<std::function<void()>> dropped;
  {
    std::lock_guard lock(mutex_);
    stopped_ = true;
    dropped.swap(tasks_);
  }
}

bool Core::wait_until_empty(milliseconds timeout) {
  std::unique_lock lock(mutex_);
  return ended_.wait_for(lock, timeout, [this] { return open_ == 0; });
}

void Core::post(std::function<void()> task) {
  bool first;
  {
    std::lock_guard lock(mutex_);
    if (stopped_) return;
    first = tasks_.empty();
    tasks_.push_back(std::move(task));
  }
  if (first) asio::post(io, [this] { drain(); });
}

void Core::drain() {
  std::vector<std::function<void()>> tasks;
  {
    std::lock_guard lock(mutex_);
    tasks.swap(tasks_);
  }
  for (auto& task : tasks) {
    task();
    task = nullptr;
  }
}

Task<void> Core::accept_loop() {
  while (!stopping) {
    auto [error, socket] = co_await acceptor_.async_accept(asio::as_tuple(kAwait));
    if (!error) {
      take(std::move(socket));
    } else if (error != asio::error::operation_aborted && !stopping) {
      Timer pause(io, milliseconds(100));  // out of descriptors: the next try needs some to end
      co_await pause.async_wait(asio::as_tuple(kAwait));
    }
  }
}

void Core::take(Socket socket) {
  error_code ignored;
  socket.non_blocking(true, ignored);
  if (connections.size() >= options.max_connections || stopping) {
    core::count(counters.refused);
    if (!certificates) socket.send(asio::buffer(kFull), 0, ignored);
    return;
  }
  socket.set_option(asio::ip::tcp::no_delay(true), ignored);
  core::count(counters.accepted);
  {
    std::lock_guard lock(mutex_);
    ++open_;
  }
  auto tls = certificates ? std::make_unique<Tls>(certificates->current(), socket.native_handle())
                          : nullptr;
  auto connection =
      std::make_shared<Connection>(shared_from_this(), std::move(socket), std::move(tls));
  connections.push_back(connection.get());
  connection->start(std::prev(connections.end()));
  counters.open.store(connections.size(), std::memory_order_relaxed);
}

void Core::connection_ended() {
  counters.open.store(connections.size(), std::memory_order_relaxed);
  {
    std::lock_guard lock(mutex_);
    --open_;
  }
  ended_.notify_all();
}

void Core::tick() {
  now = SteadyClock::now();
  const auto second = std::chrono::duration_cast<std::chrono::seconds>(
                          std::chrono::system_clock::now().time_since_epoch())
                          .count();
  if (std::exchange(date_second_, second) != second) date = imf_date(second);
}

Task<void> Core::sweep_loop() {
  for (;;) {
    sweep_timer_.expires_after(sweep_interval_);
    auto [error] = co_await sweep_timer_.async_wait(asio::as_tuple(kAwait));
    if (error) co_return;
    tick();
    for (Connection* connection : connections) connection->check_deadline();
    counters.pending_body_bytes.store(pending_body_bytes, std::memory_order_relaxed);
  }
}

}  // namespace kcloud::http
