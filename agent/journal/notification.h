// What notifiers are told, as the journal keeps it. Plain values; docs/notifications.md tells the
// way of one.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "core/time.h"

namespace kcloud::journal {

// An alert that fired or resolved, for one notifier: waits to become part of a notification.
struct Notice {
  std::uint64_t id = 0;  // given by the journal, ascending
  std::string notifier;
  std::string group;  // those of one group are told together
  std::string fingerprint;
  core::Time starts_at;
  bool resolved = false;
  bool quiet = false;  // for the record alone: nobody is told
  core::Time queued;   // wall clock
  std::string body;    // the alert as the notifier's message holds it
};

enum class NotificationState : std::uint8_t {
  kQueued,   // to be sent, or sent again
  kSent,     // taken by its receiver
  kFailed,   // refused for good, or given up
  kDropped,  // nobody is told any more: `answer` says why
};

// A message for one notifier.
struct Notification {
  std::uint64_t id = 0;  // given by the journal, ascending
  std::string notifier;
  std::string key;  // the same at every attempt, of no other message
  std::string group;
  std::vector<std::string> fingerprints;
  bool resolved = false;  // all of its alerts are
  NotificationState state = NotificationState::kQueued;
  core::Time created;
  core::Time next_try;
  std::uint32_t attempts = 0;
  std::optional<core::Time> finished;
  int status = 0;      // of the last answer; 0: none came
  std::string answer;  // its beginning, or why there was none
  std::string payload;
};

// Filters are conjunctive; empty means any.
struct NotificationQuery {
  std::uint64_t before = 0;  // ids below it; 0: from the newest
  std::size_t limit = 100;
  std::size_t max_bytes = static_cast<std::size_t>(-1);  // of payloads; the page ends there
  std::string notifier, fingerprint;
  std::optional<NotificationState> state;
  std::optional<core::Time> since, until;  // created, [since, until)
};

// What one notifier has to send.
struct NotificationQueue {
  std::uint64_t queued = 0;
  // Of each group the oldest alone may go, so that nobody hears of an end before its beginning; of
  // these the one whose turn is next.
  std::optional<Notification> next;
};

// A firing alert whose beginning a notifier was told, or, `quiet`, was not to be told.
struct Announced {
  std::string fingerprint;
  core::Time starts_at;
  bool quiet = false;
  bool operator==(const Announced&) const = default;
};

}  // namespace kcloud::journal
