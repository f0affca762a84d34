#include "collectors/redis/connection.h"

#include <fmt/format.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <new>

namespace kcloud::redis {

using std::chrono::milliseconds;
using std::chrono::steady_clock;

namespace {

constexpr milliseconds kStopCheck{100};
// As hiredis's own reads: its parser moves what is left behind each answer.
constexpr std::size_t kReadBytes = 16 << 10;
constexpr std::size_t kLargeBuffer = 1 << 20;

// Polls in slices, as nothing but the token tells of a stop. False: not within `timeout`.
bool await(int descriptor, short events, milliseconds timeout, const std::stop_token& stop) {
  const auto end = steady_clock::now() + timeout;
  while (true) {
    if (stop.stop_requested()) throw Stopped();
    const auto left = std::chrono::ceil<milliseconds>(end - steady_clock::now());
    if (left <= milliseconds(0)) return false;
    pollfd entry{descriptor, events, 0};
    if (::poll(&entry, 1, static_cast<int>(std::min(left, kStopCheck).count())) > 0) return true;
  }
}

}  // namespace

Connection::Connection(const Config& config, const std::string& address, std::size_t max_text_bytes,
                       std::stop_token stop)
    : address_(address),
      limit_(max_text_bytes),
      timeout_(config.timeout),
      stop_(std::move(stop)),
      trimmer_(max_text_bytes),
      heard_(steady_clock::now()) {
  const Address place = parse_address(address);
  context_.reset(redisConnectNonBlock(place.host.c_str(), place.port));
  if (context_ == nullptr) fail("no memory");
  if (context_->err != 0) fail(context_->errstr);
  use_reader({});
  if (!await(context_->fd, POLLOUT, config.connect_timeout, stop_)) {
    fail(fmt::format("no connection within {} ms (`connect_timeout`)",
                     config.connect_timeout.count()));
  }
  int error = 0;
  socklen_t length = sizeof error;
  ::getsockopt(context_->fd, SOL_SOCKET, SO_ERROR, &error, &length);
  if (error != 0) fail(std::strerror(error));
  redisEnableKeepAlive(context_.get());
  establish(config);
}

void Connection::establish(const Config& config) {
  if (!config.password.empty() && config.username.empty()) call({"AUTH", config.password.value});
  if (!config.password.empty() && !config.username.empty()) {
    call({"AUTH", config.username, config.password.value});
  }
  if (config.database != 0) call({"SELECT", std::to_string(config.database)});
  // Shows now whether the server wants a password, or is still loading. A user need not be allowed
  // to ping.
  send({"PING"}, [](const redisReply& reply) {
    if (is_error(reply) && !is_error(reply, "NOPERM")) {
      throw std::runtime_error(explain(text_of(reply)));
    }
  });
  complete();
}

void Connection::complete() {
  flush();
  while (expected() != 0) {
    if (!fill() && !await(context_->fd, POLLIN, timeout_, stop_)) {
      fail(fmt::format("no answer within {} ms (`timeout`)", timeout_.count()));
    }
    dispatch();
  }
}

void Connection::fail(const std::string& what) const {
  throw Disconnected(fmt::format("{}: {}", address_, what));
}

void Connection::put(Words words) {
  starts_.clear();
  sizes_.clear();
  for (const auto word : words) {
    starts_.push_back(word.data());
    sizes_.push_back(word.size());
  }
  if (redisAppendCommandArgv(context_.get(), static_cast<int>(words.size()), starts_.data(),
                             sizes_.data()) != REDIS_OK) {
    fail(context_->errstr);
  }
}

void Connection::send(Words words, Handler handler) {
  put(words);
  expected_.push_back(std::move(handler));
}

void Connection::send(std::initializer_list<std::string_view> words, Handler handler) {
  send(Words(words.begin(), words.size()), std::move(handler));
}

void Connection::flush() {
  for (int done = 0; done == 0;) {
    if (redisBufferWrite(context_.get(), &done) != REDIS_OK) fail(context_->errstr);
    if (done == 0 && !await(context_->fd, POLLOUT, timeout_, stop_)) {
      fail(fmt::format("takes no command within {} ms (`timeout`)", timeout_.count()));
    }
  }
}

bool Connection::fill() {
  std::array<char, kReadBytes> bytes;
  const ssize_t count = ::read(context_->fd, bytes.data(), bytes.size());
  if (count == 0) fail("the server closed the connection");
  if (count < 0 && (errno == EAGAIN || errno == EINTR)) return false;
  if (count < 0) fail(std::strerror(errno));
  heard_ = steady_clock::now();
  trimmer_.feed({bytes.data(), static_cast<std::size_t>(count)}, [this](std::string_view piece) {
    if (redisReaderFeed(context_->reader, piece.data(), piece.size()) != REDIS_OK) {
      fail(context_->reader->errstr);
    }
  });
  return true;
}

const redisReply* Connection::next() {
  if (context_->reader->ridx == -1) arena_.clear();  // no answer is half there
  void* reply = nullptr;
  if (redisReaderGetReply(context_->reader, &reply) != REDIS_OK) {
    fail(fmt::format("{}. Hint: does a Redis server listen there?", context_->reader->errstr));
  }
  if (reply != nullptr) shrink();
  return static_cast<const redisReply*>(reply);
}

void Connection::use_reader(std::string_view unread) {
  auto reader = arena_.make_reader();
  if (redisReaderFeed(reader.get(), unread.data(), unread.size()) != REDIS_OK) {
    throw std::bad_alloc();
  }
  redisReaderFree(context_->reader);
  context_->reader = reader.release();
}

// hiredis gives a buffer that was large once back only when it is empty, which it may never be.
// Called between two answers.
void Connection::shrink() {
  const redisReader& reader = *context_->reader;
  if (reader.buf == nullptr || sdsalloc(reader.buf) < kLargeBuffer) return;
  if (reader.len - reader.pos > kReadBytes) return;
  use_reader({reader.buf + reader.pos, reader.len - reader.pos});
}

void Connection::dispatch() {
  while (const redisReply* reply = next()) {
    if (expected_.empty()) fail("an answer that nothing was asked for");
    const Handler handler = std::move(expected_.front());
    expected_.pop_front();
    if (handler) {
      handler(*reply);
    } else if (is_error(*reply)) {
      throw std::runtime_error(fmt::format("{}: {}", address_, explain(text_of(*reply))));
    }
  }
}

bool Connection::wait(milliseconds timeout, int other) const {
  std::array<pollfd, 2> entries{pollfd{context_->fd, POLLIN, 0}, pollfd{other, POLLIN, 0}};
  ::poll(entries.data(), other < 0 ? 1 : 2, static_cast<int>(timeout.count()));
  return entries[0].revents != 0;
}

const redisReply& Connection::call(Words words) {
  put(words);
  flush();
  while (true) {
    if (const redisReply* reply = next()) {
      if (is_error(*reply)) {
        throw std::runtime_error(fmt::format("{}: {}", address_, explain(text_of(*reply))));
      }
      return *reply;
    }
    if (!fill() && !await(context_->fd, POLLIN, timeout_, stop_)) {
      fail(
          fmt::format("no answer to {} within {} ms (`timeout`)", words.front(), timeout_.count()));
    }
  }
}

const redisReply& Connection::call(std::initializer_list<std::string_view> words) {
  return call(Words(words.begin(), words.size()));
}

milliseconds Connection::silence() const {
  return std::chrono::duration_cast<milliseconds>(steady_clock::now() - heard_);
}

std::unique_ptr<Connection> connect(const Config& config, std::size_t& first,
                                    std::size_t max_text_bytes, const std::stop_token& stop) {
  std::string problems;
  for (std::size_t i = 0; i < config.addresses.size(); ++i) {
    const std::size_t index = (first + i) % config.addresses.size();
    try {
      auto connection =
          std::make_unique<Connection>(config, config.addresses[index], max_text_bytes, stop);
      first = index;
      return connection;
    } catch (const std::runtime_error& error) {
      problems += (problems.empty() ? "" : "; ") + std::string(error.what());
    }
  }
  throw std::runtime_error("cannot reach Redis: " + problems);
}

}  // namespace kcloud::redis
