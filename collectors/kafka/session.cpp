#include "collectors/kafka/session.h"

#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include <algorithm>
#include <stdexcept>
#include <utility>

#include "collectors/kafka/properties.h"

namespace kcloud::kafka {
namespace {

using namespace std::chrono_literals;
using std::chrono::milliseconds;

constexpr std::size_t kUnderWay = 4;          // intakes
constexpr std::size_t kBatchBytes = 1 << 20;  // of records; the journal's queue has several
constexpr auto kIdle = 100ms;                 // a poll without records
constexpr auto kTick = 1000ms;                // between commits, and looks at the lag
constexpr auto kBlocked = 1000ms;             // of the journal, before partitions are paused
constexpr auto kSettleRevoked = 3000ms;       // of what is under way, before partitions go
constexpr auto kCommitRevoked = 2000ms;
constexpr auto kSettleStop = 500ms;  // the three of them: a stop takes about a second
constexpr auto kCommitStop = 400ms;
constexpr auto kCloseStop = 300ms;
constexpr auto kDoubt = 10s;  // after an error, whether a broker answers
constexpr auto kReachable = 300ms;
constexpr auto kWarnAgain = 30s;
constexpr std::size_t kMostWarnings = 100;  // texts that are told apart

}  // namespace

Session::Session(const Setting& setting, std::stop_token stop, core::EventSink& sink)
    : setting_(setting),
      name_(setting.context.name),
      stop_(std::move(stop)),
      decoder_(setting.context),
      batch_(setting.batch_events, kBatchBytes),
      consumer_(name_, properties(setting.config, setting.context.agent), setting.config.topics,
                *this),
      queue_(sink, kUnderWay) {}

void Session::run() {
  while (!stop_.stop_requested() && !queue_.stopped() && !fatal_) {
    queue_.settle();
    tick();
    if (queue_.full() || queue_.turned_away())
      hold();
    else
      read();
  }
  close();
  if (fatal_) throw_fatal();
}

void Session::read() {
  blocked_since_.reset();
  if (std::exchange(paused_, false)) consumer_.resume(offsets_.places());
  for (auto message = consumer_.poll(kIdle); message; message = consumer_.poll(0ms)) {
    take(std::move(message));
    if (batch_.full()) break;
  }
  flush();
}

void Session::hold() {
  const auto now = Steady::now();
  if (!blocked_since_) blocked_since_ = now;
  if (!paused_ && now - *blocked_since_ >= kBlocked) {
    paused_ = true;
    consumer_.pause(offsets_.places());
  }
  // Nothing comes of paused partitions; what was on its way all the same is kept.
  if (paused_) {
    if (auto message = consumer_.poll(0ms)) take(std::move(message));
  }
  queue_.wait(50ms, stop_);
}

void Session::take(Message message) {
  if (message->err == RD_KAFKA_RESP_ERR__PARTITION_EOF || message->err == 0) {
    find(*message);
    if (!run_.slot) return;
    // The end may lie behind records that are none for readers: markers of transactions.
    if (message->err != 0) return batch_.skip(*run_.slot, message->offset);
    if (message->payload == nullptr) {
      ++counts_.tombstones;
      return batch_.skip(*run_.slot, message->offset + 1);
    }
    return batch_.add(std::move(message), *run_.slot, run_.type);
  }
  const char* text = rd_kafka_message_errstr(message.get());
  failed(message->err, text != nullptr ? text : rd_kafka_err2str(message->err));
}

void Session::find(const rd_kafka_message_t& message) {
  const char* const topic = rd_kafka_topic_name(message.rkt);
  if (message.partition == run_.partition && run_.topic == topic) return;
  run_ = {topic, message.partition, offsets_.find(topic, message.partition),
          setting_.types.find(topic)};
}

void Session::flush() {
  if (batch_.empty()) return;
  if (batch_.has_records()) {
    if (queue_.full()) return;
    const auto received = setting_.context.clock->now();
    auto intake = batch_.build(decoder_, counts_);
    queue_.submit(std::move(intake), [this, progress = batch_.take_progress()](
                                         const core::Intake&) { advance(progress); });
    setting_.status.arrived(received);
  } else if (queue_.empty()) {  // else older records of the same partitions may be under way
    advance(batch_.take_progress());
  }
}

void Session::advance(const std::vector<Progress>& progress) {
  for (const Progress& one : progress) offsets_.settle(one.slot, one.next);
}

void Session::settle_within(milliseconds most) {
  const auto end = Steady::now() + most;
  do {
    flush();
    if (batch_.empty() && queue_.empty()) return;
    if (queue_.turned_away() || queue_.stopped()) return;
    queue_.finish(20ms);
  } while (Steady::now() < end);
}

void Session::assigned(const std::vector<Place>& places) {
  ++counts_.rebalances;
  for (const Place& place : places) offsets_.assign(place.topic, place.partition);
  run_ = {};
  if (paused_) consumer_.pause(places);
  spdlog::info("collector {}: the group {} gave {} partitions; {} in all", name_,
               setting_.config.group, places.size(), offsets_.size());
}

void Session::revoked(const std::vector<Place>& places, bool lost) {
  ++counts_.rebalances;
  if (!lost) {
    settle_within(stop_.stop_requested() ? kSettleStop : kSettleRevoked);
    commit_now(offsets_.due(places), kCommitRevoked);
  }
  for (const Place& place : places) offsets_.revoke(place.topic, place.partition);
  run_ = {};
  if (lost) {
    failed(RD_KAFKA_RESP_ERR__ASSIGNMENT_LOST,
           fmt::format("the group took {} partitions away without waiting; what was not committed "
                       "is read again, duplicates are recognised",
                       places.size()));
  } else {
    spdlog::info("collector {}: gave {} partitions back to the group {}; {} left", name_,
                 places.size(), setting_.config.group, offsets_.size());
  }
}

void Session::committed(const std::vector<Place>& places, const std::string& error) {
  if (!error.empty()) {
    ++counts_.failed_commits;
    spdlog::debug("collector {}: offsets not committed: {}; tried again", name_, error);
    return;
  }
  for (const Place& place : places) offsets_.confirm(place);
}

void Session::failed(rd_kafka_resp_err_t code, const std::string& text) {
  if (code == RD_KAFKA_RESP_ERR__FATAL) fatal_ = true;
  if (fatal_) return;
  doubt_until_ = Steady::now() + kDoubt;
  const auto hint = hint_for(code);
  const std::string full = hint.empty() ? text : fmt::format("{}. Hint: {}", text, hint);
  setting_.status.set_error(full);
  const auto now = Steady::now();
  if (warned_.size() > kMostWarnings) warned_.clear();
  // librdkafka appends how long it took and how often it was.
  const auto [last, first] = warned_.try_emplace(text.substr(0, text.find(" (after ")), now);
  if (!first && now - last->second < kWarnAgain) return;
  last->second = now;
  spdlog::warn("collector {}: {}; nothing is lost, trying again", name_, full);
}

void Session::throw_fatal() const {
  const auto [code, text] = consumer_.fatal_error();
  const auto hint = hint_for(code);
  throw std::runtime_error(fmt::format("Kafka client: {}. Hint: {}", text,
                                       hint.empty() ? "look at the collector's `options`" : hint));
}

void Session::tick() {
  const auto now = Steady::now();
  if (now < next_tick_) return;
  next_tick_ = now + kTick;
  check_connection();
  if (const auto due = offsets_.due(); !due.empty()) consumer_.store(due);
  publish();
}

void Session::check_connection() {
  // librdkafka tells of what fails, once, but not that all is well again.
  if (setting_.status.connected() && Steady::now() > doubt_until_) return;
  const bool connected = consumer_.reachable(kReachable);
  if (!setting_.status.set_connected(connected) || !connected) return;
  warned_.clear();
  spdlog::info("collector {}: connected to Kafka at {}", name_,
               fmt::join(setting_.config.brokers, ", "));
}

void Session::publish() {
  std::vector<Lag> lags;
  for (const Place& place : offsets_.places()) {
    const auto end = consumer_.end_of(place);
    if (place.offset < 0 || end < 0) continue;
    lags.push_back({place.topic, place.partition, std::max<std::int64_t>(0, end - place.offset)});
  }
  setting_.status.add(std::exchange(counts_, {}));
  setting_.status.set_partitions(offsets_.size(), paused_, std::move(lags));
}

void Session::commit_now(const std::vector<Place>& places, milliseconds timeout) {
  if (places.empty() || fatal_) return;
  consumer_.store(places);  // what librdkafka commits by itself afterwards must not be older
  const auto error = consumer_.commit(places, timeout);
  if (error.empty()) {
    for (const Place& place : places) offsets_.confirm(place);
    return;
  }
  ++counts_.failed_commits;
  spdlog::warn(
      "collector {}: offsets of {} partitions not committed: {}; nothing is lost, what is read "
      "again is recognised as duplicates",
      name_, places.size(), error);
}

void Session::close() {
  settle_within(kSettleStop);
  commit_now(offsets_.due(), kCommitStop);
  if (!consumer_.close(kCloseStop)) {
    spdlog::info(
        "collector {}: did not leave the group {} in time; it notices by the session "
        "timeout",
        name_, setting_.config.group);
  }
  offsets_.clear();
  publish();
  setting_.status.set_connected(false);
}

}  // namespace kcloud::kafka
