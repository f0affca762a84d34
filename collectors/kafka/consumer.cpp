#include "collectors/kafka/consumer.h"

#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <cstdlib>
#include <future>
#include <stdexcept>
#include <thread>

namespace kcloud::kafka {
namespace {

using std::chrono::milliseconds;
using std::chrono::steady_clock;

constexpr milliseconds kMostFetchWait{2000};
constexpr milliseconds kMostDestroy{3000};

template <auto Destroy>
struct With {
  template <typename T>
  void operator()(T* object) const {
    Destroy(object);
  }
};
using Conf = std::unique_ptr<rd_kafka_conf_t, With<rd_kafka_conf_destroy>>;
using List =
    std::unique_ptr<rd_kafka_topic_partition_list_t, With<rd_kafka_topic_partition_list_destroy>>;
using Queue = std::unique_ptr<rd_kafka_queue_t, With<rd_kafka_queue_destroy>>;
using Event = std::unique_ptr<rd_kafka_event_t, With<rd_kafka_event_destroy>>;
using Error = std::unique_ptr<rd_kafka_error_t, With<rd_kafka_error_destroy>>;

List make_list(const std::vector<Place>& places) {
  List list(rd_kafka_topic_partition_list_new(static_cast<int>(places.size())));
  for (const Place& place : places) {
    rd_kafka_topic_partition_list_add(list.get(), place.topic.c_str(), place.partition)->offset =
        place.offset;
  }
  return list;
}

std::vector<Place> make_places(const rd_kafka_topic_partition_list_t* list) {
  std::vector<Place> places;
  places.reserve(list == nullptr ? 0 : static_cast<std::size_t>(list->cnt));
  for (int i = 0; list != nullptr && i < list->cnt; ++i)
    places.push_back({list->elems[i].topic, list->elems[i].partition, list->elems[i].offset});
  return places;
}

// A commit's first error: of the whole, or of a partition.
rd_kafka_resp_err_t error_of(rd_kafka_resp_err_t code,
                             const rd_kafka_topic_partition_list_t* list) {
  for (int i = 0; code == RD_KAFKA_RESP_ERR_NO_ERROR && list != nullptr && i < list->cnt; ++i)
    code = list->elems[i].err;
  return code;
}

std::string text_of(rd_kafka_resp_err_t code) {
  return code == RD_KAFKA_RESP_ERR_NO_ERROR ? "" : rd_kafka_err2str(code);
}

milliseconds left_until(steady_clock::time_point end) {
  return std::max(milliseconds(0), std::chrono::ceil<milliseconds>(end - steady_clock::now()));
}

}  // namespace

struct Consumer::Context {
  Consumer* self;
  const std::string name;
  std::atomic<bool> abandoned{false};
};

// Called by librdkafka, which is C: nothing may be thrown through it.
struct Consumer::Callbacks {
  template <typename Work>
  static void guarded(void* opaque, Work work) noexcept {
    auto& self = *static_cast<Context*>(opaque)->self;
    try {
      work(self);
    } catch (...) {
      if (!self.thrown_) self.thrown_ = std::current_exception();
    }
  }
  static void rebalance(rd_kafka_t*, rd_kafka_resp_err_t code,
                        rd_kafka_topic_partition_list_t* list, void* opaque) {
    guarded(opaque, [&](Consumer& self) { self.rebalance(code, list); });
  }
  static void committed(rd_kafka_t*, rd_kafka_resp_err_t code,
                        rd_kafka_topic_partition_list_t* list, void* opaque) {
    guarded(opaque, [&](Consumer& self) {
      self.listener_.committed(make_places(list), text_of(error_of(code, list)));
    });
  }
  static void failed(rd_kafka_t*, int code, const char* text, void* opaque) {
    guarded(opaque, [&](Consumer& self) {
      self.listener_.failed(static_cast<rd_kafka_resp_err_t>(code), text);
    });
  }
  // On librdkafka's threads. What matters comes as an error too; the rest is for debugging.
  static void log(const rd_kafka_t* handle, int, const char* facility, const char* text) {
    const auto& context = *static_cast<const Context*>(rd_kafka_opaque(handle));
    if (context.abandoned) return;
    spdlog::debug("collector {}: librdkafka {}: {}", context.name, facility, text);
  }
};

Consumer::Consumer(const std::string& name, const Properties& properties,
                   const std::vector<std::string>& topics, Listener& listener)
    : name_(name), listener_(listener), context_(new Context{this, name}) {
  Conf conf(rd_kafka_conf_new());
  std::array<char, 512> error{};
  for (const auto& [property, value] : properties) {
    if (rd_kafka_conf_set(conf.get(), property.c_str(), value.c_str(), nullptr, 0) !=
        RD_KAFKA_CONF_OK) {
      throw std::runtime_error(fmt::format(
          "librdkafka refuses the property {}. Hint: look at the collector's `options`", property));
    }
  }
  std::array<char, 32> wait{};
  std::size_t size = wait.size();
  if (rd_kafka_conf_get(conf.get(), "fetch.wait.max.ms", wait.data(), &size) == RD_KAFKA_CONF_OK)
    fetch_wait_ = std::min(milliseconds(std::atoi(wait.data())), kMostFetchWait);
  rd_kafka_conf_set_opaque(conf.get(), context_.get());
  rd_kafka_conf_set_rebalance_cb(conf.get(), Callbacks::rebalance);
  rd_kafka_conf_set_offset_commit_cb(conf.get(), Callbacks::committed);
  rd_kafka_conf_set_error_cb(conf.get(), Callbacks::failed);
  rd_kafka_conf_set_log_cb(conf.get(), Callbacks::log);
  handle_ = rd_kafka_new(RD_KAFKA_CONSUMER, conf.get(), error.data(), error.size());
  if (handle_ == nullptr) {
    throw std::runtime_error(
        fmt::format("Kafka client: {}. Hint: look at the collector's `options`", error.data()));
  }
  (void)conf.release();  // the handle owns it
  rd_kafka_poll_set_consumer(handle_);
  std::vector<Place> subscription;
  subscription.reserve(topics.size());
  for (const auto& topic : topics) subscription.push_back({topic, RD_KAFKA_PARTITION_UA, -1});
  const auto code = rd_kafka_subscribe(handle_, make_list(subscription).get());
  if (code != RD_KAFKA_RESP_ERR_NO_ERROR) {
    rd_kafka_destroy(handle_);
    throw std::runtime_error(fmt::format(
        "cannot subscribe to {}: {}. Hint: `topics` are names, or patterns that begin with ^",
        fmt::join(topics, ", "), rd_kafka_err2str(code)));
  }
}

Consumer::~Consumer() {
  std::promise<void> destroyed;
  auto end = destroyed.get_future();
  // The thread keeps what the callbacks use; none is called in a destroy but that of the log.
  std::thread([handle = handle_, context = context_, destroyed = std::move(destroyed)]() mutable {
    rd_kafka_destroy_flags(handle, RD_KAFKA_DESTROY_F_NO_CONSUMER_CLOSE);
    destroyed.set_value();
  }).detach();
  if (end.wait_for(kMostDestroy) == std::future_status::ready) return;
  context_->abandoned = true;
  spdlog::warn(
      "collector {}: the Kafka client does not end, as the group's coordinator owes it answers; it "
      "is "
      "left to itself until the agent ends. Nothing is lost",
      name_);
}

void Consumer::rethrow() {
  if (thrown_) std::rethrow_exception(std::exchange(thrown_, nullptr));
}

void Consumer::rebalance(rd_kafka_resp_err_t code, rd_kafka_topic_partition_list_t* list) {
  if (code == RD_KAFKA_RESP_ERR__ASSIGN_PARTITIONS) {
    const Error error(rd_kafka_incremental_assign(handle_, list));
    if (error)
      listener_.failed(rd_kafka_error_code(error.get()), rd_kafka_error_string(error.get()));
    listener_.assigned(make_places(list));
  } else if (code == RD_KAFKA_RESP_ERR__REVOKE_PARTITIONS) {
    listener_.revoked(make_places(list), rd_kafka_assignment_lost(handle_) != 0);
    const Error error(rd_kafka_incremental_unassign(handle_, list));
    if (error)
      listener_.failed(rd_kafka_error_code(error.get()), rd_kafka_error_string(error.get()));
  } else {
    rd_kafka_assign(handle_, nullptr);
    listener_.failed(code, rd_kafka_err2str(code));
  }
}

Message Consumer::poll(milliseconds timeout) {
  Message message(rd_kafka_consumer_poll(handle_, static_cast<int>(timeout.count())));
  if (thrown_) rethrow();
  return message;
}

void Consumer::pause(const std::vector<Place>& places) {
  rd_kafka_pause_partitions(handle_, make_list(places).get());
}

void Consumer::resume(const std::vector<Place>& places) {
  rd_kafka_resume_partitions(handle_, make_list(places).get());
}

void Consumer::store(const std::vector<Place>& places) {
  // A partition that is just going says no: its offset is committed on the way.
  rd_kafka_offsets_store(handle_, make_list(places).get());
}

std::string Consumer::commit(const std::vector<Place>& places, milliseconds timeout) {
  // Not rd_kafka_commit: it would wait as long as the broker is away.
  const Queue queue(rd_kafka_queue_new(handle_));
  const auto code =
      rd_kafka_commit_queue(handle_, make_list(places).get(), queue.get(), nullptr, nullptr);
  if (code != RD_KAFKA_RESP_ERR_NO_ERROR) return rd_kafka_err2str(code);
  const auto end = steady_clock::now() + timeout;
  do {
    const Event event(rd_kafka_queue_poll(queue.get(), static_cast<int>(left_until(end).count())));
    if (event && rd_kafka_event_type(event.get()) == RD_KAFKA_EVENT_OFFSET_COMMIT) {
      return text_of(error_of(rd_kafka_event_error(event.get()),
                              rd_kafka_event_topic_partition_list(event.get())));
    }
  } while (steady_clock::now() < end);
  return fmt::format("no answer within {} ms", timeout.count());
}

bool Consumer::reachable(milliseconds timeout) {
  const rd_kafka_metadata_t* metadata = nullptr;
  // A broker answers what comes on one connection in turn: first the fetch that waits for records.
  timeout += fetch_wait_;
  const auto code =
      rd_kafka_metadata(handle_, 0, nullptr, &metadata, static_cast<int>(timeout.count()));
  if (code != RD_KAFKA_RESP_ERR_NO_ERROR) return false;
  rd_kafka_metadata_destroy(metadata);
  return true;
}

std::int64_t Consumer::end_of(const Place& place) const {
  std::int64_t low = -1;
  std::int64_t high = -1;
  const auto code =
      rd_kafka_get_watermark_offsets(handle_, place.topic.c_str(), place.partition, &low, &high);
  return code == RD_KAFKA_RESP_ERR_NO_ERROR && high >= 0 ? high : -1;
}

std::pair<rd_kafka_resp_err_t, std::string> Consumer::fatal_error() const {
  std::array<char, 512> text{};
  const auto code = rd_kafka_fatal_error(handle_, text.data(), text.size());
  return {code, code == RD_KAFKA_RESP_ERR_NO_ERROR ? "" : text.data()};
}

bool Consumer::close(milliseconds timeout) {
  const Queue queue(rd_kafka_queue_new(handle_));
  const Error error(rd_kafka_consumer_close_queue(handle_, queue.get()));
  if (error) return false;
  const auto end = steady_clock::now() + timeout;
  while (rd_kafka_consumer_closed(handle_) == 0 && steady_clock::now() < end) {
    const Event event(rd_kafka_queue_poll(queue.get(), 10));
    if (event && rd_kafka_event_type(event.get()) == RD_KAFKA_EVENT_REBALANCE)
      rd_kafka_assign(handle_, nullptr);
  }
  return rd_kafka_consumer_closed(handle_) != 0;
}

}  // namespace kcloud::kafka
