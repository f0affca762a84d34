#include "collectors/redis/list_session.h"

#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include <algorithm>
#include <charconv>

namespace kcloud::redis {

using std::chrono::milliseconds;
using std::chrono::seconds;

namespace {

constexpr core::BackoffOptions kRetry{milliseconds(100), milliseconds(1'000)};
constexpr std::size_t kUnderWay = 4;         // intakes
constexpr std::uint32_t kMostMoves = 256;    // a round and list
constexpr std::int64_t kMostRecovered = 64;  // an answer, which is in memory as a whole
constexpr double kBlockSeconds = 0.2;        // a round of an idle collector, over all lists
constexpr milliseconds kSlice{100};
constexpr milliseconds kLastWait{600};   // for the journal after a stop
constexpr milliseconds kCommitWait{20};  // between rounds without elements while the journal works
constexpr seconds kStatsInterval{5};

}  // namespace

ListSession::ListSession(const Config& config, const core::CollectorContext& context,
                         std::vector<std::string> types, std::uint32_t batch_events, Status& status,
                         std::unique_ptr<Connection> connection, core::EventSink& sink)
    : config_(config),
      context_(context),
      batch_events_(batch_events),
      status_(status),
      connection_(std::move(connection)),
      inbox_(context, batch_events),
      queue_(sink, kUnderWay, kRetry) {
  const auto& consumer = config.consumer.empty() ? context.agent : config.consumer;
  for (std::size_t i = 0; i < config.lists.size(); ++i) {
    List list;
    list.key = config.lists[i];
    list.type = types[i];
    list.processing = fmt::format("{}:processing:{}", list.key, consumer);
    list.counter = list.processing + ":read";
    lists_.push_back(std::move(list));
  }
}

void ListSession::check(const redisReply& reply) const {
  if (!is_error(reply)) return;
  throw std::runtime_error(fmt::format("{}: {}", connection_->address(), explain(text_of(reply))));
}

void ListSession::open() {
  // Later than any number given before, also when the server lost its data since.
  const auto now = std::to_string(core::to_nanos(context_.clock->now()) / 1000);
  for (auto& list : lists_) {
    for (const auto& key : {list.key, list.processing}) {
      const auto found = text_of(connection_->call({"TYPE", key}));
      if (found == "list" || found == "none") continue;
      throw std::runtime_error(
          fmt::format("{}: the key '{}' holds a {}, expected a list. Hint: check `lists` and "
                      "`mode`, or remove the key",
                      connection_->address(), key, found));
    }
    list.recovering = config_.reliable;
    std::string_view number = now;
    if (config_.reliable) {
      connection_->call({"SET", list.counter, now, "NX"});
      number = text_of(connection_->call({"GET", list.counter}));
    }
    std::from_chars(number.data(), number.data() + number.size(), list.read);
  }
}

void ListSession::run(const std::stop_token& stop) {
  try {
    while (!stop.stop_requested() && !queue_.stopped()) step();
    stopping_ = true;
    const auto end = Clock::now() + kLastWait;
    while (Clock::now() < end && !queue_.stopped() &&
           (awaited_ > 0 || !inbox_.empty() || !queue_.empty() || connection_->expected() > 0)) {
      step();
    }
  } catch (const Stopped&) {
    // The connection gives up at once; what the processing list holds is read again.
  } catch (const std::exception&) {
    if (!config_.reliable) settle(stop);
    throw;
  }
  if (!config_.reliable) settle(stop);
}

void ListSession::step() {
  queue_.settle();
  if (Clock::now() >= next_stats_) send_stats();
  const auto now = Clock::now();
  if (awaited_ == 0 && !stopping_ && now >= next_round_ && !inbox_.full() &&
      !queue_.turned_away()) {
    for (auto& list : lists_) {
      if (list.recovering) {
        send_recovery(list);
      } else if (config_.reliable) {
        send_moves(list);
      } else {
        send_pop(list);
      }
    }
  }
  const bool enough = inbox_.full() || drained_ || stopping_;
  if (!inbox_.empty() && !queue_.full() && enough) submit();
  connection_->flush();
  const auto pause = std::chrono::ceil<milliseconds>(next_round_ - now);
  const bool waits = awaited_ == 0 && pause > milliseconds(0);
  connection_->wait(waits ? std::min(pause, kSlice) : kSlice, queue_.descriptor());
  while (connection_->fill()) connection_->dispatch();
  connection_->dispatch();
}

void ListSession::send_moves(List& list) {
  const auto on_element = [this, &list](const redisReply& reply) {
    check(reply);
    if (reply.type != REDIS_REPLY_NIL) take(list, reply);
    round_done();
  };
  list.got = 0;
  if (idle_ && queue_.empty()) {
    // An element that comes ends the wait for its list.
    const auto wait =
        fmt::format("{:.3f}", std::max(0.01, kBlockSeconds / static_cast<double>(lists_.size())));
    list.asked = 1;
    ++awaited_;
    connection_->send({"BLMOVE", list.key, list.processing, "LEFT", "RIGHT", wait}, on_element);
    return;
  }
  awaited_ += list.asked;
  for (std::uint32_t i = 0; i < list.asked; ++i) {
    connection_->send({"LMOVE", list.key, list.processing, "LEFT", "RIGHT"}, on_element);
  }
}

void ListSession::send_pop(List& list) {
  list.got = 0;
  ++awaited_;
  const std::string count = std::to_string(list.asked);
  connection_->send({"LPOP", list.key, count}, [this, &list](const redisReply& reply) {
    check(reply);
    for (const redisReply* element : elements_of(reply)) take(list, *element);
    round_done();
  });
}

// What an earlier run left, before anything new.
void ListSession::send_recovery(List& list) {
  ++awaited_;
  list.got = 0;
  const std::string first = std::to_string(list.place);
  const std::string last = std::to_string(list.place + kMostRecovered - 1);
  connection_->send({"LRANGE", list.processing, first, last},
                    [this, &list](const redisReply& reply) { on_recovery(list, reply); });
}

void ListSession::on_recovery(List& list, const redisReply& reply) {
  check(reply);
  const auto elements = elements_of(reply);
  for (const redisReply* element : elements) take(list, *element);
  list.place += static_cast<std::int64_t>(elements.size());
  list.recovered += elements.size();
  if (elements.empty()) list.recovering = false;
  if (elements.empty() && list.recovered > 0) {
    status_.add("recovered_elements_total", static_cast<double>(list.recovered));
    spdlog::info("collector {}: read {} elements of '{}' again", context_.name, list.recovered,
                 list.processing);
  }
  round_done();
}

void ListSession::take(List& list, const redisReply& element) {
  ++list.got;
  ++list.gathered;
  fmt::basic_memory_buffer<char, 128> position;
  fmt::format_to(std::back_inserter(position), "{}/{}", list.key, ++list.read);
  inbox_.add(connection_->text(element),
             {list.type, {position.data(), position.size()}, {}, config_.reliable});
}

void ListSession::round_done() {
  if (--awaited_ > 0) return;
  idle_ = true;
  drained_ = true;
  for (auto& list : lists_) {
    if (list.got > 0) idle_ = false;
    if (list.got >= list.asked && !list.recovering) drained_ = false;
    const bool more = list.got >= list.asked;
    list.asked = more ? std::min({list.asked * 2 + 1, kMostMoves, batch_events_})
                      : std::max<std::uint32_t>(1, list.got);
  }
  // While the journal works, its commits are waited for and not the server.
  next_round_ = idle_ && !queue_.empty() ? Clock::now() + kCommitWait : Clock::time_point{};
}

void ListSession::submit() {
  status_.arrived(context_.clock->now());
  std::vector<std::uint64_t> counts;
  for (auto& list : lists_) counts.push_back(std::exchange(list.gathered, 0));
  const std::uint64_t messages = inbox_.messages();
  events_under_way_ += messages;
  queue_.submit(inbox_.take(), [this, messages, counts = std::move(counts)](const core::Intake&) {
    events_under_way_ -= messages;
    for (std::size_t i = 0; i < counts.size() && config_.reliable; ++i) {
      if (counts[i] == 0) continue;
      send_removal(lists_[i], counts[i]);
      lists_[i].place -= static_cast<std::int64_t>(counts[i]);
    }
  });
}

void ListSession::send_removal(const List& list, std::uint64_t count) {
  const std::string number = std::to_string(count);
  connection_->send({"MULTI"}, {});
  connection_->send({"LTRIM", list.processing, number, "-1"}, {});
  connection_->send({"INCRBY", list.counter, number}, {});
  connection_->send({"EXEC"}, {});
}

void ListSession::send_stats() {
  next_stats_ = Clock::now() + kStatsInterval;
  for (const auto& list : lists_) {
    // A user who may not look is served all the same.
    connection_->send({"LLEN", list.key}, [this, &list](const redisReply& reply) {
      if (reply.type != REDIS_REPLY_INTEGER) return;
      status_.set("list_elements", static_cast<double>(reply.integer), list.key);
    });
  }
}

// What was popped is nowhere else: it is not given up before a stop.
void ListSession::settle(const std::stop_token& stop) {
  while (!stop.stop_requested() && !queue_.stopped()) {
    queue_.settle();
    if (!inbox_.empty() && !queue_.full()) submit();
    if (queue_.empty() && inbox_.empty()) return;
    queue_.wait(kSlice, stop);
  }
  if (!inbox_.empty() && !queue_.full() && !queue_.stopped()) submit();
  queue_.finish(milliseconds(100));
  const std::uint64_t left = events_under_way_ + inbox_.messages();
  if (left == 0) return;
  status_.add("lost_events_total", static_cast<double>(left));
  spdlog::error("collector {}: {} elements are lost: the journal did not take them before the stop",
                context_.name, left);
}

}  // namespace kcloud::redis
