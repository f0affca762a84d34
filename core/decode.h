// From JSON text to events: split, minify, parse, map by catalogue, validate, identify.
//
// Pure but for the reusable parser memory inside `Decoder`: one instance a thread, no locks, no
// I/O.
#pragma once

#include <cstdint>
#include <limits>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/catalogue.h"
#include "core/event.h"
#include "core/time.h"

namespace kcloud::core {

// One thing wrong with an event: where (a JSON path such as `decision.selected_cluster`, or `$` for
// the whole), what was found, what was expected.
struct FieldError {
  std::string path;
  std::string problem;
  std::string expected;
};

class Redaction;

struct DecodeOptions {
  Zone default_zone{"Asia/Seoul"};  // for times without an offset
  bool accept_unknown_types = true;
  std::chrono::nanoseconds max_future = std::chrono::hours(24);          // beyond: an error
  std::chrono::nanoseconds max_age = std::chrono::hours(24 * 366 * 10);  // beyond: an error
  std::size_t max_event_bytes = 1 << 20;  // of one event, minified; beyond: an error
  bool keep_fields = true;                // false: fields are validated but not kept
  // Keys under which log shippers wrap an event (docs/decisions/0008-shipper-records.md); empty:
  // none.
  std::vector<std::string> unwrap{"log", "message"};
  std::shared_ptr<const Redaction> redaction;  // nullptr: none; made for the same catalogue
};

// About what decoding one event takes of a batch's memory beside its text; for the first block.
constexpr std::size_t arena_per_event(const DecodeOptions& options) {
  return options.keep_fields ? 1024 : 256;
}

// What tells an event from its repetition; a setting of its source.
enum class Dedup : std::uint8_t {
  kId,        // the publisher's key where there is one, else the content
  kContent,   // the minified body, keys ignored
  kPosition,  // the position in the source
};

// What the transport knows about an event. Empty means unknown.
struct TransportHints {
  std::string_view type;         // canonical type name given by the route or channel
  bool type_is_default = false;  // `type` is for a body that names none; else the two must agree
  std::string_view key_kind;     // `cloudevents`, `idempotency`; with `key`
  std::string_view key;          // publisher's key for this event
  std::string_view position;     // topic/partition/offset, request/index: identity of last resort
  bool from_agent = false;  // an agent stored it: no shipper's record, its type may be reserved,
                            // and `type` counts where the catalogue has not the body's
  // The source gives the same position when the event is read again (an offset, not a request):
  // then it tells all events apart whose body has no time.
  bool position_lasts = false;
  std::optional<Time> time;  // transport time (CloudEvents, Kafka, CRI, stream entry)
  std::string_view source;   // CloudEvents source and subject: taken where the body has none
  std::string_view workload;
  std::string_view collector;  // must outlive the batch (instance names do)
  std::string_view agent;      // must outlive the batch
  Time received;
  Dedup dedup = Dedup::kId;
};

// Warnings an answer carries by code: `zone_assumed`, `future_time` (> 1 min ahead),
// `unknown_type`, `no_time`.
struct Warning {
  std::size_t index;
  std::string_view code;
};

// True when the errors say that the text was no JSON at all, rather than no valid event.
bool is_not_json(const std::vector<FieldError>& errors);

// A refused event for its dead letter. `withheld` says why there is no body: what cannot be read
// cannot be redacted.
struct Refused {
  std::string_view body;  // valid as long as the batch and the text that decode() was given
  std::string withheld;
};

class Decoder {
 public:
  Decoder(const Catalogue& catalogue, DecodeOptions options);
  ~Decoder();
  Decoder(Decoder&&) noexcept;

  // Decodes one JSON object and appends it to `batch` (`fields` decoded when `keep_fields`). On
  // failure nothing is appended, `errors` gets one entry or more and false is returned. Never
  // throws for bad input.
  bool decode(std::string_view json, const TransportHints& hints, EventBatch& batch,
              std::vector<FieldError>& errors, std::vector<std::string_view>& warnings);

  // What may be kept of the `json` that decode() refused last: as it came without redaction, else
  // the redacted event.
  Refused refused(std::string_view json) const;
  // The same for `json` that was refused before decode() could see it.
  Refused unread(std::string_view json) const;

  const DecodeOptions& options() const;

  // For events read back: fills `fields`, `actor`, `reason` of an event whose body, type, source
  // and workload are set, from `batch`'s memory. A body that no longer fits the catalogue leaves
  // the field absent; it is never an error.
  void decode_fields(Event& event, EventBatch& batch);
  // As decode_fields, and the type too: by its name, of this catalogue.
  void complete(Event& event, EventBatch& batch);

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

// How the elements of a posted text lie. Elements are slices of the text, not yet checked to be
// JSON.
struct Split {
  enum class Shape : std::uint8_t { kObject, kArray, kLines };
  Shape shape = Shape::kObject;
  std::vector<std::string_view> elements;
  std::string error;      // not empty: the text is none of the three; says where and what was found
  bool too_many = false;  // there are more than the most that was asked for; none is given
};

// Splits a text into its JSON elements: one object, one array's elements, or one object a line
// (NDJSON; also concatenated objects). Blank lines are skipped. Linear in the size, no recursion,
// no allocation an element but the result vector; stops behind `max_elements`.
Split split_json(std::string_view text, bool lines,
                 std::size_t max_elements = std::numeric_limits<std::size_t>::max());

// JSON Schema 2020-12 of one type as publishers may post it (every accepted path is described).
std::string json_schema(const EventType& type);

}  // namespace kcloud::core
