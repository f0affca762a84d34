#include "collectors/redis/inbox.h"

#include <fmt/format.h>

#include "collectors/redis/reply.h"
#include "core/cloud_event_form.h"

namespace kcloud::redis {

namespace {}

std::size_t Inbox::most_text(const core::CollectorContext& context) {
  // The blanks of an event may double it (core/decode_parse.cpp).
  return std::max<std::size_t>(2 * context.decode.max_event_bytes,
                               context.dead_letter_body_bytes + 64);
}

Inbox::Inbox(const core::CollectorContext& context, std::uint32_t batch_events)
    : context_(context), batch_events_(batch_events), decoder_(context) {}

void Inbox::begin() {
  intake_ = std::make_unique<core::Intake>();
  intake_->batch = core::EventBatch(last_bytes_ +
                                    core::arena_per_event(context_.decode) * last_messages_ + 1024);
  intake_->batch.events.reserve(last_messages_);
}

void recall(const Config& config, core::TransportHints& hints) {
  hints.position_lasts = config.mode == "stream" || (config.mode == "list" && config.reliable);
  if (config.mode != "stream") return;
  // <stream>/<ms>-<sequence>
  const auto slash = hints.position.rfind('/');
  if (slash == std::string_view::npos) return;
  if (const auto id = parse_entry_id(hints.position.substr(slash + 1)))
    hints.time = entry_time(*id);
}

core::TransportHints Inbox::hints(const Place& place) const {
  core::TransportHints hints = decoder_.hints();
  hints.type = place.type;
  hints.type_is_default = true;
  hints.position = place.position;
  hints.position_lasts = place.lasting;
  hints.time = place.time;
  return hints;
}

void Inbox::add(const Text& message, const Place& place) {
  if (!intake_) begin();
  ++messages_;
  bytes_ += message.bytes.size();
  intake_->payload_bytes += message.size;
  const core::TransportHints its_hints = hints(place);
  const std::uint64_t most = 2 * context_.decode.max_event_bytes;
  if (message.size > most) {
    decoder_.refuse(message.bytes, its_hints, "too_large",
                    fmt::format("a message of {} bytes, expected at most {}", message.size, most),
                    *intake_);
  } else if (core::is_structured_cloud_event(message.bytes)) {
    decoder_.decode_structured(message.bytes, its_hints, *intake_);
  } else {
    decoder_.decode(message.bytes, its_hints, *intake_);
  }
}

void Inbox::refuse(std::string_view message, const Place& place, std::string detail) {
  if (!intake_) begin();
  ++messages_;
  bytes_ += message.size();
  intake_->payload_bytes += message.size();
  decoder_.refuse(message, hints(place), "invalid_event", std::move(detail), *intake_);
}

std::unique_ptr<core::Intake> Inbox::take() {
  last_messages_ = messages_;
  last_bytes_ = bytes_;
  messages_ = 0;
  bytes_ = 0;
  return std::move(intake_);
}

}  // namespace kcloud::redis
