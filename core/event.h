// An event and the batch that owns its bytes. Plain values, no behaviour.
//
// Every string_view of an Event points into the arena of its EventBatch (or into the catalogue), so
// a batch is moved from collector to journal to exporter without copying a body or a field.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string_view>
#include <utility>
#include <vector>

#include "core/event_id.h"
#include "core/time.h"

namespace kcloud::core {

struct EventType;

// A decoded catalogue field. Integers are exact; reals are IEEE doubles, always finite.
struct FieldValue {
  enum class Kind : std::uint8_t { kAbsent, kInteger, kReal, kBoolean, kText };
  Kind kind = Kind::kAbsent;
  bool boolean = false;
  union {
    std::int64_t integer = 0;
    double real;
  };
  std::string_view text;

  bool present() const { return kind != Kind::kAbsent; }
  // kInteger or kReal as a double; 0 for other kinds.
  double number() const {
    return kind == Kind::kInteger ? static_cast<double>(integer) : kind == Kind::kReal ? real : 0.0;
  }
};

// Where an event's time came from.
enum class TimeSource : std::uint8_t { kBody, kTransport, kArrival };

// What the journal decided about an event it was handed.
enum class Verdict : std::uint8_t {
  kPending,
  kStored,     // new, on disk
  kDuplicate,  // an event with this id and this body is on disk already
  kConflict,   // an event with this id and another body is on disk; this one became a dead letter
  kRefused,    // `came_back`, but no event with this id is known; nothing was kept
};

struct Event {
  std::uint64_t seq = 0;  // position in the journal; 0 until stored
  EventId id;
  Time time;                        // when it happened
  Time received;                    // when this agent took it in
  const EventType* type = nullptr;  // nullptr: not in the catalogue
  std::string_view type_name;
  std::string_view source;
  std::string_view workload;
  std::string_view cluster;
  std::string_view severity;  // lower case
  std::string_view actor;
  std::string_view reason;
  std::string_view collector;  // instance name of the collector
  std::string_view agent;      // name of the agent that stored it first
  std::string_view via;        // names of the agents that forwarded it, in order: JSON strings with
                               // commas between them; empty: it was not forwarded
  std::string_view
      body;            // minified JSON object, bytes of keys, numbers and strings as they were sent
  Sha256 body_hash{};  // SHA-256 of body
  std::span<const FieldValue>
      fields;  // by slot of `type`; empty when the type is unknown or not decoded
  TimeSource time_source = TimeSource::kBody;
  bool zone_assumed = false;  // the body's time had no zone, the configured one was applied
  bool keyed = false;         // the id comes from a key of the publisher, not from the body
  bool came_back = false;     // forwarded to an agent that it had passed: looked up, never stored
  Verdict verdict = Verdict::kPending;
};

// Events and the memory their views point into. Move-only; views stay valid when the batch is
// moved.
class EventBatch {
 public:
  EventBatch() = default;
  // `arena_bytes`: size of the first block, to make a whole request one allocation.
  explicit EventBatch(std::size_t arena_bytes) { grow(arena_bytes); }
  EventBatch(EventBatch&&) noexcept = default;
  EventBatch& operator=(EventBatch&&) noexcept = default;

  std::vector<Event> events;

  // Uninitialised bytes that live as long as the batch, 8-byte aligned.
  char* allocate(std::size_t size);
  // Gives back the unused end of the newest allocation: `used` of its `size` bytes stay.
  void shrink_last(const char* block, std::size_t size, std::size_t used);
  // A copy of `text` that lives as long as the batch.
  std::string_view keep(std::string_view text);
  // `count` absent field values that live as long as the batch.
  std::span<FieldValue> allocate_fields(std::size_t count);

  // What the events' views point into, to be adopted by others; nothing more is allocated in it.
  std::shared_ptr<const void> share();
  // Events of another batch were added: its memory lives as long as this one's.
  void adopt(std::shared_ptr<const void> owner) { owners_.push_back(std::move(owner)); }

  std::size_t bytes() const {
    return bytes_;
  }              // arena memory held, without what is adopted or shared
  void clear();  // forgets events, keeps one block of memory

 private:
  void grow(std::size_t at_least);

  struct Block {
    std::unique_ptr<char[]> memory;
    std::size_t size = 0;
  };
  std::vector<Block> blocks_;
  std::vector<std::shared_ptr<const void>> owners_;
  char* next_ = nullptr;
  char* end_ = nullptr;
  std::size_t bytes_ = 0;
};

}  // namespace kcloud::core
