#include "collectors/kafka/batch.h"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>
#include <utility>

namespace kcloud::kafka {
namespace {

constexpr std::size_t kArenaSlack = 64;

Headers read_headers(const rd_kafka_message_t& message) {
  Headers headers;
  rd_kafka_headers_t* list = nullptr;
  if (rd_kafka_message_headers(&message, &list) != RD_KAFKA_RESP_ERR_NO_ERROR) return headers;
  const char* name = nullptr;
  const void* value = nullptr;
  std::size_t size = 0;
  for (std::size_t i = 0;
       rd_kafka_header_get_all(list, i, &name, &value, &size) == RD_KAFKA_RESP_ERR_NO_ERROR; ++i) {
    if (value != nullptr) headers.add(name, {static_cast<const char*>(value), size});
  }
  return headers;
}

std::optional<core::Time> time_of(const rd_kafka_message_t& message) {
  rd_kafka_timestamp_type_t kind = RD_KAFKA_TIMESTAMP_NOT_AVAILABLE;
  const std::int64_t ms = rd_kafka_message_timestamp(&message, &kind);
  if (kind == RD_KAFKA_TIMESTAMP_NOT_AVAILABLE || ms <= 0) return std::nullopt;
  constexpr std::int64_t kLastMs = std::numeric_limits<std::int64_t>::max() / 1'000'000;
  if (ms > kLastMs) return std::nullopt;
  return core::from_nanos(ms * 1'000'000);
}

}  // namespace

void Batch::add(Message message, Slot slot, std::string_view type) {
  skip(slot, message->offset + 1);
  bytes_ += message->len;
  records_.push_back({std::move(message), slot, type});
}

void Batch::skip(Slot slot, std::int64_t next) {
  // Records come in runs of one partition: the last is nearly always the one.
  const auto found = std::find_if(progress_.rbegin(), progress_.rend(),
                                  [&](const Progress& one) { return one.slot == slot; });
  if (found == progress_.rend())
    progress_.push_back({slot, next});
  else
    found->next = next;
}

std::unique_ptr<core::Intake> Batch::build(core::MessageDecoder& decoder, Counts& counts) {
  const std::size_t largest = 2 * decoder.context().decode.max_event_bytes;
  auto intake = std::make_unique<core::Intake>();
  std::size_t arena = kArenaSlack;
  for (const Record& record : records_) {
    intake->payload_bytes += record.message->len;
    if (record.message->len <= largest)
      arena += record.message->len + core::arena_per_event(decoder.context().decode);
  }
  intake->batch = core::EventBatch(arena);
  intake->batch.events.reserve(records_.size());
  core::TransportHints hints = decoder.hints();
  hints.type_is_default = true;
  std::string position;
  std::size_t stem = 0;  // of `position`: topic and partition
  Slot slot = 0;
  for (const Record& record : records_) {
    const rd_kafka_message_t& message = *record.message;
    const std::string_view payload(static_cast<const char*>(message.payload), message.len);
    if (std::exchange(slot, record.slot) != record.slot) {
      position = fmt::format("{}/{}/", rd_kafka_topic_name(message.rkt), message.partition);
      stem = position.size();
    }
    position.resize(stem);
    const auto offset = fmt::format_int(message.offset);
    position.append(offset.data(), offset.size());
    hints.position = position;
    hints.position_lasts = true;
    hints.type = record.type;
    hints.time = time_of(message);
    const Headers headers = read_headers(message);
    ++counts.of(headers.mode());
    if (payload.size() > largest) {
      decoder.refuse(payload, hints, "too_large",
                     fmt::format("$: a record of {} bytes, expected at most {} bytes (twice "
                                 "intake.max_event_bytes)",
                                 payload.size(), largest),
                     *intake);
    } else if (!headers.problem().empty()) {
      decoder.refuse(payload, hints, "invalid_event", headers.problem(), *intake);
    } else if (headers.mode() == Mode::kStructured) {
      decoder.decode_structured(payload, hints, *intake);
    } else if (headers.mode() == Mode::kBinary) {
      decoder.decode_binary(headers.attributes(), kPrefix, payload, hints, *intake);
    } else {
      decoder.decode(payload, hints, *intake);
    }
  }
  records_.clear();
  bytes_ = 0;
  return intake;
}

std::vector<Progress> Batch::take_progress() { return std::exchange(progress_, {}); }

}  // namespace kcloud::kafka
