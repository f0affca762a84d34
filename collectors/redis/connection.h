// One connection to a Redis server, through hiredis: commands out, answers in, in order.
//
// One thread. Nothing blocks for longer than `timeout`, and every wait ends within about 100 ms of
// a stop request, by Stopped. Memory: a text beyond `max_text_bytes` is cut (bulk_trimmer.h).
#pragma once

#include <chrono>
#include <deque>
#include <functional>
#include <memory>
#include <span>
#include <stdexcept>
#include <stop_token>
#include <string>
#include <string_view>
#include <vector>

#include "collectors/redis/bulk_trimmer.h"
#include "collectors/redis/config.h"
#include "collectors/redis/reply.h"
#include "collectors/redis/reply_arena.h"

namespace kcloud::redis {

// The connection ended or does not answer. Says the address; never a secret.
class Disconnected : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};
struct Stopped {};

class Connection {
 public:
  using Words = std::span<const std::string_view>;
  using Handler = std::function<void(const redisReply& reply)>;

  // Connects, authenticates, selects the database. Throws Disconnected, or std::runtime_error with
  // Redis's refusal and a hint.
  Connection(const Config& config, const std::string& address, std::size_t max_text_bytes,
             std::stop_token stop);
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;

  const std::string& address() const { return address_; }

  // Puts a command into the output; flush() sends it. Its answer, if any, comes out of next().
  void put(Words words);
  // The same, where dispatch() gives the answer to `handler`.
  void send(Words words, Handler handler);
  void send(std::initializer_list<std::string_view> words, Handler handler = {});
  void flush();
  // Answers that handlers still wait for.
  std::size_t expected() const { return expected_.size(); }

  // The next answer that has arrived whole; nullptr when more must be read. Valid until the next
  // call.
  const redisReply* next();
  // Gives the answers that have arrived to their handlers, in order; what handlers throw passes. An
  // error without handler throws std::runtime_error.
  void dispatch();
  // Sends, and dispatches until no answer is expected.
  void complete();
  // Reads once what is there. False: nothing was.
  bool fill();
  // Until something arrives here or `other` becomes readable, or the timeout: whether it was here.
  bool wait(std::chrono::milliseconds timeout, int other = -1) const;

  // One command and its answer, valid as that of next(). Not while others are expected. An error
  // answer is thrown.
  const redisReply& call(Words words);
  const redisReply& call(std::initializer_list<std::string_view> words);

  Text text(const redisReply& reply) const { return original_text(text_of(reply), limit_); }
  // Since something was last heard of the server.
  std::chrono::milliseconds silence() const;

 private:
  struct FreeContext {
    void operator()(redisContext* context) const { redisFree(context); }
  };
  void establish(const Config& config);
  void use_reader(std::string_view unread);
  void shrink();
  [[noreturn]] void fail(const std::string& what) const;

  const std::string address_;
  const std::size_t limit_;
  const std::chrono::milliseconds timeout_;
  const std::stop_token stop_;
  ReplyArena arena_;
  std::unique_ptr<redisContext, FreeContext> context_;
  BulkTrimmer trimmer_;
  std::deque<Handler> expected_;
  std::chrono::steady_clock::time_point heard_;
  std::vector<const char*> starts_;
  std::vector<std::size_t> sizes_;
};

// A connection to the first of the addresses that answers, from `first` on; `first` becomes its
// index. Throws std::runtime_error with what each of them said, and Stopped.
std::unique_ptr<Connection> connect(const Config& config, std::size_t& first,
                                    std::size_t max_text_bytes, const std::stop_token& stop);

}  // namespace kcloud::redis
