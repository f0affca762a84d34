// A server on a free port whose handler answers what a test tells it to.
#pragma once

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <condition_variable>
#include <deque>
#include <memory>
#include <mutex>
#include <thread>

#include "agent/http/server.h"
#include "tests/http/client.h"

namespace kcloud::http {

using std::chrono::milliseconds;
using testing::Answer;
using testing::Client;

// `/echo` answers with method, path, query and body; `/later` keeps the reply for the test;
// `/throw` throws; `/drop` gives the reply up; `/refused` is refused before its body is read.
class TestHandler : public Handler {
 public:
  std::optional<Response> admit(Request& request) override {
    if (request.path == "/refused") return problem(401, "who are you?");
    return std::nullopt;
  }

  void handle(Request& request, Reply reply) override {
    if (request.path == "/throw") throw std::runtime_error("a handler's mistake");
    if (request.path == "/drop") return;
    if (request.path == "/stream" && stream) {
      return reply.stream({.content_type = "text/plain"}, stream());
    }
    if (request.path == "/later") {
      std::lock_guard lock(mutex_);
      kept_.push_back(std::move(reply));
      arrived_.notify_all();
      return;
    }
    Response response{.content_type = "text/plain"};
    response.body.append(request.method).append(" ").append(request.path);
    response.body.append("?").append(request.query).append("|").append(request.body);
    if (request.client_verified) response.body.append("|").append(request.client_name);
    reply.send(std::move(response));
  }

  Reply next_kept() {
    std::unique_lock lock(mutex_);
    arrived_.wait_for(lock, std::chrono::seconds(5), [&] { return !kept_.empty(); });
    Reply reply = std::move(kept_.front());
    kept_.pop_front();
    return reply;
  }

  std::function<std::unique_ptr<Stream>()> stream;

 private:
  std::mutex mutex_;
  std::condition_variable arrived_;
  std::deque<Reply> kept_;
};

class HttpTest : public ::testing::Test {
 protected:
  void serve(Options options = {}) {
    server = std::make_unique<Server>(options, handler);
    server->start();
  }
  Client client() { return Client(server->port()); }
  Answer ask(std::string_view request) { return client().exchange(request); }

  TestHandler handler;
  std::unique_ptr<Server> server;
};

}  // namespace kcloud::http
