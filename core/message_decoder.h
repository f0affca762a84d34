// One message of a source (a Redis message, a Kafka record, a log line) into an intake: an event,
// or a dead letter with its position and reason. For collectors with one message at a time; the
// webhook has arrays and answers.
//
// One instance a thread; bad input never throws; no I/O.
#pragma once

#include <string_view>
#include <vector>

#include "core/cloudevents.h"
#include "core/collector_context.h"
#include "core/dead_letter.h"

namespace kcloud::core {

class MessageDecoder {
 public:
  // `context` outlives the decoder and every intake made with it.
  explicit MessageDecoder(const CollectorContext& context);

  // Hints with collector, agent, dedup and `received` (now) set.
  TransportHints hints() const;

  // The payload is one event as JSON (also a shipper's record around one). True: it was appended to
  // `intake.batch`; false: a dead letter to `intake.refused`.
  bool decode(std::string_view payload, const TransportHints& hints, Intake& intake);
  // A CloudEvent in the JSON format (structured mode). Its attributes take the place of the hints'.
  bool decode_structured(std::string_view payload, const TransportHints& hints, Intake& intake);
  // A CloudEvent whose attributes the transport carries (binary mode); `prefix` as in
  // CloudEventReader::check.
  bool decode_binary(const CloudAttributes& attributes, std::string_view prefix,
                     std::string_view payload, const TransportHints& hints, Intake& intake);
  // What could not be read at all: `reason` is the dead letter's code (`too_large`, …).
  void refuse(std::string_view payload, const TransportHints& hints, std::string_view reason,
              std::string detail, Intake& intake);

  // Whether decode() refused the last payload for want of an event type: a JSON object, but neither
  // an event nor a record around one.
  bool untyped() const;

  const CollectorContext& context() const { return context_; }

 private:
  bool refuse_errors(const TransportHints& hints, const Refused& kept, Intake& intake);

  const CollectorContext& context_;
  Decoder decoder_;
  CloudEventReader cloud_events_;
  std::vector<FieldError> errors_;
  std::vector<std::string_view> warnings_;
};

}  // namespace kcloud::core
