#include "bench/loadgen/client.h"

#include <openssl/ssl.h>
#include <sys/epoll.h>
#include <unistd.h>

#include <algorithm>
#include <array>

namespace kcloud::bench {
namespace {

using std::chrono::steady_clock;
constexpr std::chrono::milliseconds kReopenWait{20};
constexpr std::chrono::seconds kDrainLimit{30};

}  // namespace

Client::Client(LoadOptions options, Source& source)
    : options_(std::move(options)),
      source_(source),
      tls_(options_.target.tls ? SSL_CTX_new(TLS_client_method()) : nullptr, SSL_CTX_free),
      epoll_(epoll_create1(EPOLL_CLOEXEC)) {
  for (std::size_t i = 0; i < options_.connections; ++i) {
    connections_.push_back(std::make_unique<Connection>(epoll_, tls_.get()));
    closed_.push_back(i);
  }
  if (options_.rate > 0) {
    interval_ = std::chrono::nanoseconds(static_cast<std::int64_t>(1e9 / options_.rate));
  }
}

Client::~Client() {
  connections_.clear();
  ::close(epoll_);
}

LoadResult Client::run() {
  const SteadyTime start = steady_clock::now();
  end_ = start + options_.duration;
  next_due_ = start;
  next_open_ = start;
  for (SteadyTime now = start;; now = steady_clock::now()) {
    reopen_lost(now);
    send_due(now);
    const bool over = now >= end_ || exhausted_;
    if (over && !any_busy() && (again_.empty() || now >= end_)) break;
    if (now >= end_ + kDrainLimit) break;
    if (closed_.size() == connections_.size() && !options_.retry) break;
    wait(now);
  }
  if (interval_.count() > 0 && next_due_ < end_) {
    result_.unsent = static_cast<std::uint64_t>((end_ - next_due_) / interval_);
  }
  result_.seconds = std::chrono::duration<double>(steady_clock::now() - start).count();
  if (options_.ids != nullptr) std::fflush(options_.ids);
  return std::move(result_);
}

void Client::reopen_lost(SteadyTime now) {
  if (closed_.empty() || now < next_open_) return;
  next_open_ = now + kReopenWait;
  std::vector<std::size_t> closed;
  closed.swap(closed_);
  for (const std::size_t index : closed) {
    Connection& connection = *connections_[index];
    if (!connection.open(options_.target, index)) {
      closed_.push_back(index);
      ++result_.broken;
    } else if (options_.retry && connection.busy) {
      again_.push_back(index);
    } else {
      connection.busy = false;
      free_.push_back(index);
    }
  }
}

void Client::send_due(SteadyTime now) {
  if (now >= end_) return;
  std::vector<std::size_t> again;
  if (now >= next_open_) again.swap(again_);
  for (const std::size_t index : again) send(index, connections_[index]->intended);
  if (interval_.count() == 0) {
    while (!free_.empty() && send_next(free_.back(), now)) {
    }
    return;
  }
  while (!free_.empty() && next_due_ <= now && send_next(free_.back(), next_due_)) {
    next_due_ += interval_;
  }
}

// `index` is the last of free_.
bool Client::send_next(std::size_t index, SteadyTime intended) {
  if (exhausted_ || !source_.next(connections_[index]->request)) {
    exhausted_ = true;
    return false;
  }
  free_.pop_back();
  send(index, intended);
  return true;
}

void Client::send(std::size_t index, SteadyTime intended) {
  if (connections_[index]->send(intended) == Connection::Progress::kFailed) lost(index);
}

void Client::lost(std::size_t index) {
  ++result_.broken;
  closed_.push_back(index);
}

void Client::answered(std::size_t index) {
  Connection& connection = *connections_[index];
  const int status = connection.response.status();
  bool again = false;
  if (status >= 200 && status < 300) {
    result_.latency.record(steady_clock::now() - connection.intended);
    ++result_.requests;
    result_.events += source_.events();
    if (options_.ids != nullptr) {
      lines_.clear();
      append_ids(connection.response.body(), lines_);
      std::fwrite(lines_.data(), 1, lines_.size(), options_.ids);
    }
  } else if (status == 429 || status == 503) {
    ++result_.busy;
    again = options_.retry;
  } else {
    ++result_.refused;
  }
  const bool keep = connection.response.keep_alive();
  connection.response.next();
  connection.busy = again;
  if (!keep) {
    connection.close();
    closed_.push_back(index);
  } else if (again) {
    again_.push_back(index);
    next_open_ = std::max(next_open_, steady_clock::now() + kReopenWait);
  } else {
    free_.push_back(index);
  }
}

bool Client::any_busy() const {
  return std::any_of(connections_.begin(), connections_.end(), [](const auto& connection) {
    return connection->is_open() && connection->busy;
  });
}

void Client::wait(SteadyTime now) {
  SteadyTime until = now < end_ ? end_ : now + std::chrono::milliseconds(100);
  if (interval_.count() > 0 && !free_.empty()) until = std::min(until, next_due_);
  if (!closed_.empty() || !again_.empty()) until = std::min(until, next_open_);
  const auto left = std::max(until - now, SteadyTime::duration::zero());
  timespec timeout{};
  timeout.tv_sec = std::chrono::duration_cast<std::chrono::seconds>(left).count();
  timeout.tv_nsec = (left % std::chrono::seconds(1)).count();
  std::array<epoll_event, 256> events{};
  const int count = epoll_pwait2(epoll_, events.data(), events.size(), &timeout, nullptr);
  for (int i = 0; i < count; ++i) {
    const std::size_t index = events[static_cast<std::size_t>(i)].data.u64;
    Connection& connection = *connections_[index];
    if (!connection.is_open()) continue;
    const bool was_busy = connection.busy;
    switch (connection.advance()) {
      case Connection::Progress::kWaiting:
        break;
      case Connection::Progress::kAnswered:
        answered(index);
        break;
      case Connection::Progress::kFailed:
        if (!was_busy) std::erase(free_, index);
        lost(index);
        break;
    }
  }
}

}  // namespace kcloud::bench
