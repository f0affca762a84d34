#include "collectors/redis/stream_session.h"

#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include <algorithm>

#include "core/json.h"

namespace kcloud::redis {

using std::chrono::milliseconds;
using std::chrono::seconds;

namespace {

constexpr core::BackoffOptions kRetry{milliseconds(100), milliseconds(1'000)};
constexpr std::size_t kUnderWay = 4;         // intakes
constexpr std::uint32_t kMostEntries = 128;  // a command, as an answer is in memory as a whole
constexpr const char* kBlock = "200";        // ms; XACK waits behind it
constexpr milliseconds kSlice{100};
constexpr milliseconds kCommitWait{20};  // between reads of an empty stream while the journal works
constexpr milliseconds kLastWait{600};   // for the journal after a stop
constexpr seconds kStatsInterval{5};
constexpr std::string_view kFirstId = "0-0";

bool is_gone(const redisReply& reply) {
  return is_error(reply, "NOGROUP") || is_error(reply, "UNBLOCKED");
}

// The fields of an entry as an object, for a dead letter.
std::string fields_json(const redisReply& fields) {
  std::string json = "{";
  const auto elements = elements_of(fields);
  for (std::size_t i = 0; i + 1 < elements.size(); i += 2) {
    core::append_comma(json);
    core::append_json_string(json, text_of(*elements[i]));
    json += ':';
    core::append_json_string(json, text_of(*elements[i + 1]));
  }
  return json + "}";
}

std::string field_names(const redisReply& fields) {
  std::string names;
  const auto elements = elements_of(fields);
  for (std::size_t i = 0; i + 1 < elements.size() && names.size() < 200; i += 2) {
    if (!names.empty()) names += ", ";
    names += fmt::format("`{}`", text_of(*elements[i]).substr(0, 100));
  }
  return names;
}

}  // namespace

StreamSession::StreamSession(const Config& config, const core::CollectorContext& context,
                             std::vector<std::string> types, std::uint32_t batch_events,
                             Status& status, std::unique_ptr<Connection> connection,
                             core::EventSink& sink, std::string start)
    : config_(config),
      context_(context),
      types_(std::move(types)),
      consumer_(config.consumer.empty() ? context.agent : config.consumer),
      most_(std::max<std::uint32_t>(1, std::min(batch_events, kMostEntries) /
                                           static_cast<std::uint32_t>(config.streams.size()))),
      status_(status),
      connection_(std::move(connection)),
      start_(std::move(start)),
      inbox_(context, batch_events),
      gathered_(config.streams.size()),
      history_(config.streams.size(), std::string(kFirstId)),
      queue_(sink, kUnderWay, kRetry) {}

void StreamSession::join() {
  for (std::size_t i = 0; i < config_.streams.size(); ++i) {
    const auto found = text_of(connection_->call({"TYPE", config_.streams[i]}));
    if (found != "stream" && found != "none") {
      throw std::runtime_error(
          fmt::format("{}: the key '{}' holds a {}, expected a stream. Hint: check `streams` and "
                      "`mode`, or remove the key",
                      connection_->address(), config_.streams[i], found));
    }
  }
  for (std::size_t i = 0; i < config_.streams.size(); ++i) send_group(i);
  start_ = "0";  // a group that is made again has seen nothing of its stream
  connection_->complete();
}

void StreamSession::send_group(std::size_t stream) {
  connection_->send(
      {"XGROUP", "CREATE", config_.streams[stream], config_.group, start_, "MKSTREAM"},
      [this, stream](const redisReply& reply) {
        if (is_error(reply, "BUSYGROUP")) return;
        if (is_error(reply)) {
          throw std::runtime_error(fmt::format("{}: group of the stream '{}': {}",
                                               connection_->address(), config_.streams[stream],
                                               explain(text_of(reply))));
        }
        spdlog::info("collector {}: made the group '{}' of the stream '{}'", context_.name,
                     config_.group, config_.streams[stream]);
      });
}

void StreamSession::run(const std::stop_token& stop) {
  while (!stop.stop_requested() && !queue_.stopped()) step();
  stopping_ = true;
  // The answer that is awaited holds entries that would otherwise lie until they are claimed.
  try {
    const auto end = Clock::now() + kLastWait;
    while (Clock::now() < end &&
           (reading_ || !inbox_.empty() || !queue_.empty() || connection_->expected() > 0)) {
      if (queue_.stopped()) break;
      step();
    }
  } catch (const Stopped&) {
    // The connection gives up at once; the entries are read again.
  }
}

void StreamSession::step() {
  queue_.settle();
  if (!stopping_) pace();
  if (!inbox_.empty() && !queue_.full() && (inbox_.full() || drained_ || stopping_)) submit();
  connection_->flush();
  const auto now = Clock::now();
  const bool waits = !reading_ && next_read_ > now;
  const auto until = std::chrono::ceil<milliseconds>(next_read_ - now);
  connection_->wait(waits ? std::min(until, kSlice) : kSlice, queue_.descriptor());
  while (connection_->fill()) connection_->dispatch();
  connection_->dispatch();
}

// Sends what is due.
void StreamSession::pace() {
  const auto now = Clock::now();
  if (now >= next_stats_) send_stats();
  if (history_.empty() && now >= next_claim_ && !inbox_.full() && !queue_.turned_away()) {
    send_claims();
  }
  if (!reading_ && now >= next_read_ && !inbox_.full() && !queue_.turned_away()) send_read();
}

void StreamSession::send_read() {
  const std::string count = std::to_string(most_);
  std::vector<std::string_view> words{"XREADGROUP", "GROUP", config_.group,
                                      consumer_,    "COUNT", count};
  // While the journal works, its commits are waited for and not the server: XACK comes behind.
  if (history_.empty() && empty_ && queue_.empty()) words.insert(words.end(), {"BLOCK", kBlock});
  words.emplace_back("STREAMS");
  words.insert(words.end(), config_.streams.begin(), config_.streams.end());
  for (std::size_t i = 0; i < config_.streams.size(); ++i) {
    words.emplace_back(history_.empty() ? std::string_view(">") : history_[i]);
  }
  reading_ = true;
  connection_->send(words, [this](const redisReply& reply) { on_read(reply); });
}

void StreamSession::on_read(const redisReply& reply) {
  reading_ = false;
  if (is_gone(reply)) {
    spdlog::warn("collector {}: {}; the group is made anew", context_.name, text_of(reply));
    for (std::size_t i = 0; i < config_.streams.size(); ++i) send_group(i);
    history_.assign(config_.streams.size(), std::string(kFirstId));
    return;
  }
  if (is_error(reply)) {
    throw std::runtime_error(
        fmt::format("{}: {}", connection_->address(), explain(text_of(reply))));
  }
  std::size_t most = 0;
  std::size_t all = 0;
  for (const redisReply* stream : elements_of(reply)) {
    const auto parts = elements_of(*stream);
    if (parts.size() != 2) continue;
    const std::size_t count = elements_of(*parts[1]).size();
    most = std::max(most, count);
    all += count;
  }
  const bool again = !history_.empty();
  drained_ = most < most_;
  empty_ = all == 0;
  next_read_ = empty_ && !queue_.empty() ? Clock::now() + kCommitWait : Clock::time_point{};
  // The server works on the next while this one is decoded.
  if (!again && !drained_ && !stopping_ && !inbox_.full() && !queue_.turned_away()) {
    send_read();
    connection_->flush();
  }
  for (const redisReply* stream : elements_of(reply)) {
    const auto parts = elements_of(*stream);
    if (parts.size() == 2) take_stream(index_of(text_of(*parts[0])), *parts[1]);
  }
  if (again && empty_) {
    history_.clear();
    next_read_ = {};
  }
}

std::size_t StreamSession::index_of(std::string_view stream) const {
  const auto found = std::find(config_.streams.begin(), config_.streams.end(), stream);
  if (found == config_.streams.end()) {
    throw Disconnected(fmt::format("{}: an answer about '{}'", connection_->address(), stream));
  }
  return static_cast<std::size_t>(found - config_.streams.begin());
}

std::size_t StreamSession::take_stream(std::size_t stream, const redisReply& entries) {
  for (const redisReply* entry : elements_of(entries)) take_entry(stream, *entry);
  return elements_of(entries).size();
}

void StreamSession::take_entry(std::size_t stream, const redisReply& entry) {
  const auto parts = elements_of(entry);
  const auto id = parts.size() == 2 ? parse_entry_id(text_of(*parts[0])) : std::nullopt;
  if (!id) return;
  if (!history_.empty()) history_[stream] = text_of(*parts[0]);
  if (parts[1]->type == REDIS_REPLY_ARRAY) {
    take_fields(stream, *id, *parts[1]);
    gathered_[stream].push_back(*id);
    return;
  }
  // It is still pending, but its stream has it no more.
  status_.add("deleted_entries_total", 1);
  Ids gone(config_.streams.size());
  gone[stream].push_back(*id);
  send_acks(gone);
}

void StreamSession::take_fields(std::size_t stream, const EntryId& id, const redisReply& fields) {
  fmt::basic_memory_buffer<char, 128> position;
  fmt::format_to(std::back_inserter(position), "{}/{}-{}", config_.streams[stream], id.ms,
                 id.sequence);
  const Place place{types_[stream], {position.data(), position.size()}, entry_time(id), true};
  if (const redisReply* event = value_of(fields, config_.field)) {
    inbox_.add(connection_->text(*event), place);
    return;
  }
  inbox_.refuse(fields_json(fields), place,
                fmt::format("field `{}` of the entry: missing, expected an event as JSON; found {}",
                            config_.field, field_names(fields)));
}

void StreamSession::submit() {
  status_.arrived(context_.clock->now());
  auto ids = std::make_shared<const Ids>(std::exchange(gathered_, Ids(config_.streams.size())));
  under_way_.push_back(ids);
  queue_.submit(inbox_.take(), [this](const core::Intake&) {
    send_acks(*under_way_.front());
    if (claims_ > 0) settled_.push_back(under_way_.front());
    under_way_.pop_front();
  });
}

void StreamSession::send_acks(const Ids& ids) {
  for (std::size_t i = 0; i < ids.size(); ++i) {
    if (ids[i].empty()) continue;
    std::vector<std::string> texts;
    texts.reserve(ids[i].size());
    for (const EntryId& id : ids[i]) texts.push_back(to_string(id));
    std::vector<std::string_view> words{"XACK", config_.streams[i], config_.group};
    words.insert(words.end(), texts.begin(), texts.end());
    connection_->send(words, {});
  }
}

void StreamSession::send_claims() {
  next_claim_ = Clock::now() + std::max<milliseconds>(seconds(1), config_.claim_idle / 2);
  for (std::size_t i = 0; i < config_.streams.size(); ++i) send_claim(i, std::string(kFirstId));
}

void StreamSession::send_claim(std::size_t stream, const std::string& from) {
  const std::string idle = std::to_string(config_.claim_idle.count());
  ++claims_;
  const std::string count = std::to_string(most_);
  connection_->send(
      {"XAUTOCLAIM", config_.streams[stream], config_.group, consumer_, idle, from, "COUNT", count},
      [this, stream](const redisReply& reply) {
        on_claim(stream, reply);
        if (--claims_ == 0) settled_.clear();
      });
}

void StreamSession::on_claim(std::size_t stream, const redisReply& reply) {
  if (is_gone(reply)) return;  // the next read makes the group anew
  if (is_error(reply)) {
    throw std::runtime_error(
        fmt::format("{}: {}", connection_->address(), explain(text_of(reply))));
  }
  const auto parts = elements_of(reply);
  if (parts.size() < 2) return;
  std::size_t claimed = 0;
  for (const redisReply* entry : elements_of(*parts[1])) {
    const auto fields = elements_of(*entry);
    const auto id = fields.size() == 2 ? parse_entry_id(text_of(*fields[0])) : std::nullopt;
    // One's own that wait for the journal for long are among them.
    if (!id || is_under_way(stream, *id)) continue;
    take_entry(stream, *entry);
    ++claimed;
  }
  const std::size_t deleted = parts.size() > 2 ? elements_of(*parts[2]).size() : 0;
  if (deleted > 0) status_.add("deleted_entries_total", static_cast<double>(deleted));
  if (claimed > 0) {
    drained_ = true;
    status_.add("claimed_entries_total", static_cast<double>(claimed));
    spdlog::info("collector {}: took {} entries of the stream '{}' over from other consumers",
                 context_.name, claimed, config_.streams[stream]);
  }
  const auto next = text_of(*parts[0]);
  if (next == kFirstId || next.empty()) return;
  // More than the journal takes now waits for the next round.
  if (!stopping_ && !inbox_.full() && !queue_.turned_away()) send_claim(stream, std::string(next));
}

bool StreamSession::is_under_way(std::size_t stream, const EntryId& id) const {
  const auto has = [&](const Ids& ids) {
    return std::find(ids[stream].begin(), ids[stream].end(), id) != ids[stream].end();
  };
  const auto has_one = [&](const auto& several) {
    return std::any_of(several.begin(), several.end(), [&](const auto& ids) { return has(*ids); });
  };
  return has(gathered_) || has_one(under_way_) || has_one(settled_);
}

void StreamSession::send_stats() {
  next_stats_ = Clock::now() + kStatsInterval;
  for (const auto& stream : config_.streams) {
    // A user who may not look is served all the same.
    connection_->send({"XLEN", stream}, [this, &stream](const redisReply& reply) {
      if (reply.type != REDIS_REPLY_INTEGER) return;
      status_.set("stream_entries", static_cast<double>(reply.integer), stream);
    });
    connection_->send({"XINFO", "GROUPS", stream},
                      [this, &stream](const redisReply& reply) { on_groups(stream, reply); });
  }
}

void StreamSession::on_groups(const std::string& stream, const redisReply& reply) {
  for (const redisReply* group : elements_of(reply)) {
    const redisReply* name = value_of(*group, "name");
    if (name == nullptr || text_of(*name) != config_.group) continue;
    const auto gauge = [&](const char* measure, const redisReply* value) {
      // Redis does not know the lag once entries were deleted in the middle.
      if (value == nullptr || value->type != REDIS_REPLY_INTEGER) return;
      status_.set(measure, static_cast<double>(value->integer), stream);
    };
    gauge("stream_pending_entries", value_of(*group, "pending"));
    gauge("stream_lag_entries", value_of(*group, "lag"));
  }
}

}  // namespace kcloud::redis
