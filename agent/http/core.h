// What the connections of a server share: the io_context, the limits, the list of connections, the
// coarse timer and the queue of tasks from other threads. Internal to the folder.
//
// Everything but post() belongs to the I/O thread.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <boost/asio/basic_stream_socket.hpp>
#include <boost/asio/basic_waitable_timer.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <condition_variable>
#include <list>
#include <mutex>
#include <thread>
#include <vector>

#include "agent/http/parser.h"
#include "agent/http/server.h"

namespace kcloud::http {

namespace asio = boost::asio;
using Executor = asio::io_context::executor_type;
using Socket = asio::basic_stream_socket<asio::ip::tcp, Executor>;
using Acceptor = asio::basic_socket_acceptor<asio::ip::tcp, Executor>;
using SteadyClock = std::chrono::steady_clock;
using Timer = asio::basic_waitable_timer<SteadyClock, asio::wait_traits<SteadyClock>, Executor>;
template <class T>
using Task = asio::awaitable<T, Executor>;
inline constexpr asio::use_awaitable_t<Executor> kAwait;

class Connection;

class Core : public std::enable_shared_from_this<Core> {
 public:
  Core(const Options& options, Handler& handler);

  void start();
  void stop(milliseconds timeout);
  void post(std::function<void()> task);

  const Options options;
  const ParserLimits limits;
  const std::unique_ptr<Certificates> certificates;  // empty: plain HTTP
  Handler& handler;
  Counters counters;
  asio::io_context io{1};
  std::list<Connection*> connections;
  std::uint64_t pending_body_bytes = 0;
  SteadyClock::time_point now = SteadyClock::now();  // as of the last sweep
  std::string date;
  bool stopping = false;
  std::string address;
  std::uint16_t port = 0;

  void connection_ended();
  bool on_io_thread() const { return std::this_thread::get_id() == io_thread_; }

 private:
  void bind();
  Task<void> accept_loop();
  Task<void> sweep_loop();
  void take(Socket socket);
  void tick();
  void drain();
  bool wait_until_empty(milliseconds timeout);

  Acceptor acceptor_{io};
  Timer sweep_timer_{io};
  milliseconds sweep_interval_;
  std::int64_t date_second_ = 0;
  std::thread thread_;
  std::thread::id io_thread_;
  std::mutex mutex_;
  std::condition_variable ended_;
  std::vector<std::function<void()>> tasks_;  // guarded by mutex_
  std::size_t open_ = 0;                      // guarded by mutex_
  bool stopped_ = false;                      // guarded by mutex_
};

}  // namespace kcloud::http
