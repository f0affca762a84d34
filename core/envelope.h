// An event as `GET /events` and `export` write it, read back as the same event: its id, time, type,
// columns and body, not what this agent would make of the body.
//
// Pure but for reusable parser memory: one reader a thread, no locks, no I/O.
#pragma once

#include <memory>
#include <string_view>
#include <vector>

#include "core/decode.h"
#include "core/event.h"

namespace kcloud::core {

// Texts are empty where the envelope has null or nothing. Views point into the reader or the text.
struct Envelope {
  EventId id;
  Time time;
  std::string_view type, source, workload, cluster, severity;
  std::string_view agent;             // that stored it first
  std::vector<std::string_view> via;  // those that forwarded it
  std::string_view body;              // the object's bytes as they stand in the text

  // What agents tell each other beside; for decode_forwarded alone.
  std::string_view received;  // at the first agent
  std::string_view collector;
  std::string_view time_source;  // `body`, `transport`, `arrival`
  std::string_view id_from;      // `body`, `key`, `other`
  bool zone_assumed = false;
};

class EnvelopeReader {
 public:
  enum class Found : std::uint8_t {
    kOther,     // no envelope: `id` is no UUID or `body` is no object
    kEnvelope,  // `envelope` is set
    kBad,       // an envelope that contradicts itself; `errors` says where
  };

  EnvelopeReader();
  ~EnvelopeReader();
  EnvelopeReader(EnvelopeReader&&) noexcept;

  // What `json` is. Members beyond Envelope's are not looked at: they follow from the body.
  Found read(std::string_view json, Envelope& envelope, std::vector<FieldError>& errors);
  // The same of what must be an envelope: what is none is bad too, and `errors` says why.
  bool read_strictly(std::string_view json, Envelope& envelope, std::vector<FieldError>& errors);

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

// Decodes the body, validates it like any other and gives the event the envelope's identity; of
// `hints` collector and arrival are used. Appends to `batch`, or to `errors` and returns false.
bool decode_envelope(const Envelope& envelope, Decoder& decoder, const TransportHints& hints,
                     EventBatch& batch, std::vector<FieldError>& errors,
                     std::vector<std::string_view>& warnings);

// Decodes what is an envelope as one, anything else as a plain event.
bool decode_either(std::string_view json, EnvelopeReader& reader, Decoder& decoder,
                   const TransportHints& hints, EventBatch& batch, std::vector<FieldError>& errors,
                   std::vector<std::string_view>& warnings);

}  // namespace kcloud::core
