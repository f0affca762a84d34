#include "collectors/redis/pubsub.h"

#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include <algorithm>

namespace kcloud::redis {

using std::chrono::milliseconds;
using std::chrono::steady_clock;

namespace {

constexpr core::BackoffOptions kRetry{milliseconds(100), milliseconds(1'000)};
constexpr std::size_t kUnderWay = 4;    // intakes handed over before they are filled up
constexpr milliseconds kSlice{100};     // between looks at the stop token
constexpr milliseconds kLastWait{700};  // for the journal after a stop
constexpr milliseconds kLasted{1000};   // a subscription that ends earlier is not renewed at once
constexpr std::uint64_t kDecodedFactor = 2;  // a message decoded, against its bytes

std::uint64_t micros(core::Time time) {
  return static_cast<std::uint64_t>(core::to_nanos(time)) / 1000;
}

}  // namespace

PubSub::PubSub(const Config& config, const core::CollectorContext& context,
               std::map<std::string, std::string> types, std::uint32_t batch_events, Status& status)
    : config_(config),
      context_(context),
      status_(status),
      routes_(config.channels, config.patterns, std::move(types)),
      inbox_(context, batch_events),
      places_(std::max<std::size_t>(kUnderWay,
                                    config.buffer_bytes / (kDecodedFactor * Inbox::kMostBytes))),
      number_(micros(context.clock->now())) {}

void PubSub::run(const std::stop_token& stop, core::EventSink& sink) {
  core::CommitQueue queue(sink, places_, kRetry);
  under_way_ = 0;
  events_under_way_ = 0;
  const core::Time begun = context_.clock->now();
  try {
    while (!stop.stop_requested() && !queue.stopped()) {
      subscribe(stop);
      const auto since = steady_clock::now();
      try {
        serve(stop, queue);
      } catch (const Disconnected& error) {
        status_.failed(error.what());
        const bool silent = connection_->silence() > config_.ping_interval;
        lost(context_.clock->now() - (silent ? connection_->silence() : milliseconds(0)));
        if (steady_clock::now() - since < kLasted) throw;
        spdlog::warn("collector {}: {}; subscribing again", context_.name, error.what());
      }
    }
    lost(context_.clock->now());
  } catch (const Stopped&) {
    lost(context_.clock->now());
  } catch (const std::exception& error) {
    status_.failed(error.what());
    lost(begun);
    connection_.reset();
    settle(stop, queue);
    throw;
  }
  connection_.reset();
  status_.connected(false);
  settle(stop, queue);
}

void PubSub::subscribe(const std::stop_token& stop) {
  connection_ = connect(config_, address_, Inbox::most_text(context_), stop);
  // A pattern may only be there once all that come before it are: of what is published in between,
  // the delivery that counts is then there, too.
  std::vector<std::string_view> words{"SUBSCRIBE"};
  words.insert(words.end(), config_.channels.begin(), config_.channels.end());
  if (words.size() > 1) connection_->put(words);
  words.assign({"PSUBSCRIBE"});
  words.insert(words.end(), config_.patterns.begin(), config_.patterns.end());
  if (words.size() > 1) connection_->put(words);
  connection_->flush();
  unconfirmed_ = config_.channels.size() + config_.patterns.size();
  pinged_.reset();
  while (unconfirmed_ > 0) {
    if (stop.stop_requested()) throw Stopped();
    if (connection_->silence() > config_.timeout) {
      throw Disconnected(connection_->address() + ": no answer to SUBSCRIBE");
    }
    if (connection_->wait(kSlice)) connection_->fill();
    while (const redisReply* reply = connection_->next()) take(*reply);
  }
  status_.add("connects_total", 1);
  status_.connected(true);
  regained();
}

void PubSub::regained() {
  if (!lost_since_) {
    spdlog::info("collector {}: subscribed at {}", context_.name, connection_->address());
    return;
  }
  const core::Time now = context_.clock->now();
  status_.regained(now);
  spdlog::error(
      "collector {}: subscribed at {} after a gap of {:.3f} s: what was published from {} to {} is "
      "lost to "
      "this agent",
      context_.name, connection_->address(),
      std::chrono::duration<double>(now - *lost_since_).count(), core::format_time(*lost_since_),
      core::format_time(now));
  lost_since_.reset();
}

void PubSub::lost(core::Time since) {
  if (lost_since_) return;
  lost_since_ = since;
  status_.lost(since);
}

void PubSub::serve(const std::stop_token& stop, core::CommitQueue& queue) {
  while (!stop.stop_requested()) {
    queue.settle();
    if (queue.stopped()) return;
    if (inbox_.full() && queue.full()) {
      // The server buffers from here on.
      queue.wait(kSlice, stop);
      continue;
    }
    if (read(queue)) continue;
    // Nothing more to read: hand over what there is, unless the journal has enough to gather.
    if (!inbox_.empty() && under_way_ < kUnderWay) submit(queue);
    if (!connection_->wait(kSlice, queue.descriptor())) keep_alive();
  }
  while (!(inbox_.full() && queue.full()) && read(queue)) queue.settle();
}

// Takes what has arrived, a batch at most. False: that was all.
bool PubSub::read(core::CommitQueue& queue) {
  while (!inbox_.full()) {
    if (const redisReply* reply = connection_->next()) {
      take(*reply);
    } else if (!connection_->fill()) {
      break;
    }
  }
  if (repeated_ > 0) status_.add("repeated_deliveries_total", static_cast<double>(repeated_));
  repeated_ = 0;
  if (!inbox_.full()) return false;
  if (!queue.full()) submit(queue);
  return true;
}

void PubSub::take(const redisReply& reply) {
  if (is_error(reply)) {
    // Who may not ping has been answered all the same.
    if (std::exchange(pinged_, std::nullopt) && is_error(reply, "NOPERM")) return;
    throw std::runtime_error(
        fmt::format("{}: {}", connection_->address(), explain(text_of(reply))));
  }
  const auto elements = elements_of(reply);
  const std::string_view kind = elements.empty() ? std::string_view() : text_of(*elements[0]);
  if (kind == "message" && elements.size() == 3) {
    message(text_of(*elements[1]), {}, *elements[2]);
  } else if (kind == "pmessage" && elements.size() == 4) {
    message(text_of(*elements[2]), text_of(*elements[1]), *elements[3]);
  } else if (kind == "subscribe" || kind == "psubscribe") {
    if (unconfirmed_ > 0) --unconfirmed_;
  } else if (kind == "pong") {
    pinged_.reset();
  } else {
    throw Disconnected(fmt::format("{}: unexpected answer '{}'", connection_->address(), kind));
  }
}

void PubSub::message(std::string_view channel, std::string_view pattern,
                     const redisReply& payload) {
  const Route& route = routes_.of(channel);
  if (!routes_.counts(route, pattern)) {
    ++repeated_;
    return;
  }
  fmt::basic_memory_buffer<char, 256> position;
  fmt::format_to(std::back_inserter(position), "{}/{}", channel, ++number_);
  inbox_.add(connection_->text(payload), {route.type, {position.data(), position.size()}});
}

void PubSub::keep_alive() {
  const auto now = steady_clock::now();
  if (pinged_ && now - *pinged_ > config_.timeout) {
    throw Disconnected(fmt::format("{}: silent for {:.1f} s, also when asked",
                                   connection_->address(),
                                   std::chrono::duration<double>(connection_->silence()).count()));
  }
  if (pinged_ || connection_->silence() < config_.ping_interval) return;
  pinged_ = now;
  constexpr std::string_view kPing[] = {"PING"};
  connection_->put(kPing);
  connection_->flush();
}

void PubSub::submit(core::CommitQueue& queue) {
  status_.arrived(context_.clock->now());
  const std::uint64_t messages = inbox_.messages();
  ++under_way_;
  events_under_way_ += messages;
  queue.submit(inbox_.take(), [this, messages](const core::Intake&) {
    --under_way_;
    events_under_way_ -= messages;
  });
}

// What was taken from the server is nowhere else: it is not given up before a stop.
void PubSub::settle(const std::stop_token& stop, core::CommitQueue& queue) {
  while (!stop.stop_requested() && !queue.stopped()) {
    queue.settle();
    if (!inbox_.empty() && !queue.full()) submit(queue);
    if (queue.empty() && inbox_.empty()) return;
    queue.wait(kSlice, stop);
  }
  if (!inbox_.empty() && !queue.full() && !queue.stopped()) submit(queue);
  queue.finish(kLastWait);
  const std::uint64_t left = events_under_way_ + inbox_.messages();
  inbox_.take();
  if (left == 0) return;
  status_.add("lost_events_total", static_cast<double>(left));
  spdlog::error("collector {}: {} messages are lost: the journal did not take them before the stop",
                context_.name, left);
}

}  // namespace kcloud::redis
