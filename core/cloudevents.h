// CloudEvents 1.0: an event in the JSON format, or attributes that a transport carries beside the
// body, as what a decoder needs. For every collector.
//
// Pure but for the reader's reusable memory: one instance a thread, no locks, no I/O. Bad input
// never throws; each error names the attribute, what was found and what is expected.
#pragma once

#include <array>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/catalogue.h"
#include "core/decode.h"

namespace kcloud::core {

inline constexpr std::array<std::string_view, 7> kCloudAttributes = {
    "specversion", "id", "source", "type", "subject", "time", "datacontenttype"};
// By index of kCloudAttributes; unset where the transport has none.
using CloudAttributes = std::array<std::optional<std::string_view>, kCloudAttributes.size()>;
// The index of an attribute's name; nullopt for extensions and `dataschema`, which are ignored.
std::optional<std::size_t> find_cloud_attribute(std::string_view name);

// An event whose attributes are in order.
struct CloudEvent {
  std::string_view source;
  std::string_view type;
  std::string_view subject;  // empty: none
  std::string_view key;      // source and id; no other pair gives the same
  std::string_view data;     // what is to be decoded; not parsed yet
  std::optional<Time> time;
};

class CloudEventReader {
 public:
  CloudEventReader();
  ~CloudEventReader();
  CloudEventReader(CloudEventReader&&) noexcept;

  // One event in the JSON format (application/cloudevents+json). `data` is a slice of `json`, or
  // `data_base64` decoded; other views point into the reader: all are valid until the next call.
  // nullopt and at least one error when it is none, or longer than `max_bytes`; `errors` comes
  // empty.
  std::optional<CloudEvent> read(std::string_view json, std::size_t max_bytes,
                                 std::vector<FieldError>& errors);
  // Attributes of a transport, `data` beside them (binary mode). `prefix` stands before the names
  // in errors: `ce-`.
  std::optional<CloudEvent> check(const CloudAttributes& attributes, std::string_view prefix,
                                  std::string_view data, std::vector<FieldError>& errors);

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

// The catalogue's name for a CloudEvents type: the exact name or alias, or its last segment behind
// `.` or `/` with a version taken off (`io.kcloud.scheduling_decision.v1`). nullptr: not known.
const EventType* find_cloud_type(const Catalogue& catalogue, std::string_view type);

// Puts the event's attributes into `hints`: type, key, time, source, subject as workload. False and
// an error when the transport's type is another; `prefix` stands before the attribute's name in it.
bool apply_cloud_event(const CloudEvent& event, const Catalogue& catalogue, std::string_view prefix,
                       TransportHints& hints, std::vector<FieldError>& errors);

}  // namespace kcloud::core
