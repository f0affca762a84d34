// The floor: the same work as the agent's durable ingest, stripped bare. Boost.Beast with
// coroutines on one thread, the fields' values, a SHA-256, SQLite with group commit on a second
// thread; 202 after the commit. No authentication, validation, limits or queries.
#include <CLI/CLI.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/signal_set.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http.hpp>
#include <filesystem>
#include <functional>
#include <iostream>

#include "bench/floor/decode.h"
#include "bench/store/writer.h"

namespace kcloud::bench {
namespace {

namespace asio = boost::asio;
namespace http = boost::beast::http;
using asio::ip::tcp;

struct Request final : Ticket {
  std::function<void()> resume;
};

class Floor {
 public:
  explicit Floor(const std::string& path, std::size_t group_events)
      : store_(path), writer_(store_, group_events, [this](Tickets group) {
          asio::post(io_, [group = std::move(group)] {
            for (const auto& ticket : group) static_cast<Request&>(*ticket).resume();
          });
        }) {}

  void run(const std::string& address, std::uint16_t port) {
    tcp::acceptor acceptor(io_, {asio::ip::make_address(address), port});
    std::cout << "listening on " << acceptor.local_endpoint() << std::endl;
    asio::signal_set signals(io_, SIGINT, SIGTERM);
    signals.async_wait([this](auto, auto) { io_.stop(); });
    asio::co_spawn(io_, accept(acceptor), asio::detached);
    io_.run();
  }

 private:
  asio::awaitable<void> accept(tcp::acceptor& acceptor) {
    for (;;) {
      tcp::socket socket = co_await acceptor.async_accept(asio::use_awaitable);
      socket.set_option(tcp::no_delay(true));
      asio::co_spawn(io_, serve(std::move(socket)), asio::detached);
    }
  }

  // Ends with the connection: a read that fails throws out of the coroutine.
  asio::awaitable<void> serve(tcp::socket socket) {
    boost::beast::flat_buffer buffer;
    for (;;) {
      http::request_parser<http::string_body> parser;
      parser.body_limit(64 << 20);
      co_await http::async_read(socket, buffer, parser, asio::use_awaitable);
      http::response<http::string_body> response(http::status::accepted, 11);
      response.keep_alive(parser.get().keep_alive());
      response.set(http::field::content_type, "application/json");
      auto request = std::make_shared<Request>();
      if (parser.get().method() == http::verb::get) {
        response.result(http::status::ok);
      } else if (decoder_.decode(parser.get().body(), request->batch)) {
        co_await commit(request);
        response.body() = "{\"accepted\":" + std::to_string(request->batch.rows.size()) + "}";
      } else {
        response.result(http::status::bad_request);
      }
      response.prepare_payload();
      co_await http::async_write(socket, response, asio::use_awaitable);
      if (!response.keep_alive()) co_return;
    }
  }

  asio::awaitable<void> commit(std::shared_ptr<Request> request) {
    co_await asio::async_initiate<decltype(asio::use_awaitable), void()>(
        [this, &request](auto handler) {
          auto shared = std::make_shared<decltype(handler)>(std::move(handler));
          request->resume = [shared] { std::move (*shared)(); };
          writer_.submit(request);
        },
        asio::use_awaitable);
  }

  asio::io_context io_{1};
  FloorDecoder decoder_;
  Store store_;
  Writer writer_;
};

}  // namespace
}  // namespace kcloud::bench

int main(int argc, char** argv) {
  CLI::App app{"The benchmark's floor: durable ingest stripped bare"};
  std::string address = "127.0.0.1";
  std::string directory = "build/bench/floor";
  std::uint16_t port = 8107;
  std::size_t group = 2000;
  app.add_option("--address", address, "address to listen on");
  app.add_option("--port", port, "port; 0: any free one");
  app.add_option("--data-dir", directory, "where the database is made");
  app.add_option("--group", group, "most events a commit");
  CLI11_PARSE(app, argc, argv);
  try {
    std::filesystem::create_directories(directory);
    kcloud::bench::Floor(directory + "/journal.db", group).run(address, port);
    return 0;
  } catch (const std::exception& error) {
    std::cerr << "bench_floor: " << error.what() << "\n";
    return 1;
  }
}
