// Messages on their way into intakes: decoded or refused, identified, gathered until a batch is
// full.
//
// One thread. Bad messages never throw: they become dead letters of the intake.
#pragma once

#include <cstdint>
#include <memory>
#include <string_view>

#include "collectors/redis/bulk_trimmer.h"
#include "collectors/redis/config.h"
#include "core/collector.h"
#include "core/collector_context.h"
#include "core/message_decoder.h"

namespace kcloud::redis {

// Where a message was.
struct Place {
  std::string_view type;      // for a body that names none
  std::string_view position;  // shown with a dead letter
  std::optional<core::Time> time = {};
  // The same message may be read again, with this position: an event without a time or key of its
  // own is told from others by it.
  bool lasting = false;
};

// Sets in `hints` what a dead letter's `hints.position` still tells of its message: whether it
// lasts, and the time of a stream's entry. With them it gets the id that it would have had.
void recall(const Config& config, core::TransportHints& hints);

class Inbox {
 public:
  // `context` outlives the inbox and its intakes.
  Inbox(const core::CollectorContext& context, std::uint32_t batch_events);

  void add(const Text& message, const Place& place);
  // A message that holds no event at all.
  void refuse(std::string_view message, const Place& place, std::string detail);

  bool empty() const { return messages_ == 0; }
  bool full() const { return messages_ >= batch_events_ || bytes_ >= kMostBytes; }
  std::uint32_t messages() const { return messages_; }
  // What was gathered; the next begins.
  std::unique_ptr<core::Intake> take();

  // Beyond it a message is refused unread.
  static std::size_t most_text(const core::CollectorContext& context);
  static constexpr std::uint64_t kMostBytes = 1 << 20;

 private:
  void begin();
  core::TransportHints hints(const Place& place) const;

  const core::CollectorContext& context_;
  const std::uint32_t batch_events_;
  core::MessageDecoder decoder_;
  std::unique_ptr<core::Intake> intake_;
  std::uint32_t messages_ = 0;
  std::uint64_t bytes_ = 0;
  std::uint32_t last_messages_ = 0;  // of the intake before, as a guess for the next
  std::uint64_t last_bytes_ = 0;
};

}  // namespace kcloud::redis
