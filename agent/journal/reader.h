// Reading the journal: by position for the delivery loops and the live stream, by filter for GET
// /events.
//
// A Reader owns a read-only connection and prepared statements; one thread at a time. Every call is
// one short snapshot.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "agent/journal/journal.h"
#include "agent/journal/lineage.h"
#include "agent/journal/notification.h"
#include "agent/journal/rule_state.h"
#include "core/event.h"
#include "core/seal.h"

namespace kcloud::journal {

enum class Order : std::uint8_t { kNewestFirst, kOldestFirst };

// A place in (time, id) order.
struct PageKey {
  core::Time time;
  core::EventId id;
};

// Filters are conjunctive; empty means any. Intervals are [since, until).
struct Query {
  std::string type;
  std::string workload;
  std::string cluster;
  std::string source;
  std::string severity;
  std::string text;  // `q`: a case-insensitive (ASCII) substring of the body
  std::optional<core::Time> since, until;
  std::optional<core::Time> received_since, received_until;
  Order order = Order::kNewestFirst;
  std::size_t limit = 100;
  std::optional<PageKey> after;  // continue behind this place
  std::chrono::milliseconds work_limit{50};
  std::size_t max_bytes = 16 << 20;  // of bodies in a page; the page ends there
};

struct Page {
  core::EventBatch batch;       // in order; `fields` not decoded
  std::optional<PageKey> next;  // continue here; nullopt: the end was reached
  bool stopped_early = false;   // work_limit was reached: `next` is how far the scan came
};

// The same filters on one event, for the live stream.
bool matches(const Query& query, const core::Event& event);

// Filters are conjunctive; empty means any.
struct DeadLetterQuery {
  std::uint64_t before = 0;  // ids below it; 0: from the newest
  std::size_t limit = 100;
  std::size_t max_bytes = static_cast<std::size_t>(-1);  // of bodies; the page ends there
  std::string origin, reason, type;
  std::optional<core::Time> since, until;  // received, [since, until)
};

class RollupSource;
class RollupView;

// What answers GET /events, /analytics and reports: this agent's journal, or the database of all
// agents (agent/fleet/).
class EventReader {
 public:
  virtual ~EventReader() = default;
  virtual Page query(const Query& query) = 0;
  // False when unknown (or no longer kept). Appends to `batch`.
  virtual bool find(const core::EventId& id, core::EventBatch& batch) = 0;
  // One snapshot for all that `work` reads: it is to be short.
  virtual void read_numbers(const std::function<void(RollupSource&)>& work) = 0;
};

class Reader : public EventReader {
 public:
  // Events with seq > `after`, in order, at most `limit` events and about `max_bytes` of bodies,
  // appended to `batch`. Returns the seq up to which everything was looked at (≥ after; gaps left
  // by retention are passed over).
  virtual std::uint64_t read_after(std::uint64_t after, std::size_t limit, std::size_t max_bytes,
                                   core::EventBatch& batch) = 0;
  // Smallest seq kept; 0 when empty.
  virtual std::uint64_t oldest() = 0;

  struct DeadLetterRow {
    std::uint64_t id;
    core::DeadLetter letter;
  };
  // Newest first.
  virtual std::vector<DeadLetterRow> dead_letters(const DeadLetterQuery& query) = 0;
  virtual std::optional<DeadLetterRow> dead_letter(std::uint64_t id) = 0;
  // The event ids of all letters of an origin. Walks the table, without the bodies.
  virtual std::set<std::string> events_of_letters(const std::string& origin) = 0;

  // Newest first.
  virtual std::vector<Notification> notifications(const NotificationQuery& query) = 0;
  // What the rules loop keeps (rule_state.h).
  virtual std::vector<RuleStep> rule_steps_after(std::uint64_t number) = 0;
  virtual std::uint64_t last_rule_step() = 0;
  virtual std::vector<std::string> firing_alerts() = 0;  // bodies of their transitions
  virtual std::vector<Silence> silences() = 0;
  virtual NotificationQueue notification_queue(const std::string& notifier) = 0;
  // With a greater id, in order.
  virtual std::vector<Notice> notices(const std::string& notifier, std::uint64_t after,
                                      std::size_t limit) = 0;
  virtual std::vector<Announced> announced(const std::string& notifier) = 0;

  // As read_numbers(), for those who make the rollups too.
  virtual void read_rollups(const std::function<void(RollupView&)>& work) = 0;

  // The chains of this data directory, oldest first; the last is the one that goes on. Empty:
  // nothing was ever sealed.
  virtual std::vector<ChainPart> lineage() = 0;
  // Sealed batches of the chain with a greater number, in order.
  virtual std::vector<core::Seal> seals_after(const core::ChainId& chain, std::uint64_t seq,
                                              std::size_t limit) = 0;
};

// A position with everything behind it that arrived at `time` or later, and little else; 0 when the
// journal is empty. By bisection, as arrival goes with seq but for a clock that was set back.
std::uint64_t position_of_arrival(Reader& reader, core::Time time);

// `journal check`: walks every table and row, compares body hashes. Works on a journal no agent has
// open.
struct CheckReport {
  std::uint64_t events = 0;
  std::uint64_t damaged_events = 0;   // unreadable rows or body hash mismatches
  std::uint64_t missing_events = 0;   // acknowledged by the head hint, not there
  std::vector<std::string> problems;  // a line each, at most 100
  bool ok() const { return problems.empty(); }
};
CheckReport check(const std::string& directory,
                  const std::function<void(std::uint64_t done, std::uint64_t total)>& progress);

}  // namespace kcloud::journal
