#include "core/message_decoder.h"

namespace kcloud::core {

MessageDecoder::MessageDecoder(const CollectorContext& context)
    : context_(context), decoder_(*context.catalogue, context.decode) {}

TransportHints MessageDecoder::hints() const {
  TransportHints hints;
  hints.collector = context_.name;
  hints.agent = context_.agent;
  hints.dedup = context_.dedup;
  hints.received = context_.clock->now();
  return hints;
}

bool MessageDecoder::decode(std::string_view payload, const TransportHints& hints, Intake& intake) {
  errors_.clear();
  warnings_.clear();
  if (decoder_.decode(payload, hints, intake.batch, errors_, warnings_)) return true;
  return refuse_errors(hints, decoder_.refused(payload), intake);
}

bool MessageDecoder::decode_structured(std::string_view payload, const TransportHints& hints,
                                       Intake& intake) {
  errors_.clear();
  warnings_.clear();
  TransportHints own = hints;
  const auto event = cloud_events_.read(payload, 2 * context_.decode.max_event_bytes, errors_);
  if (!event || !apply_cloud_event(*event, *context_.catalogue, "", own, errors_)) {
    return refuse_errors(hints, decoder_.unread(payload), intake);
  }
  if (decoder_.decode(event->data, own, intake.batch, errors_, warnings_)) return true;
  return refuse_errors(own, decoder_.refused(payload), intake);
}

bool MessageDecoder::decode_binary(const CloudAttributes& attributes, std::string_view prefix,
                                   std::string_view payload, const TransportHints& hints,
                                   Intake& intake) {
  errors_.clear();
  warnings_.clear();
  TransportHints own = hints;
  const auto event = cloud_events_.check(attributes, prefix, payload, errors_);
  if (!event || !apply_cloud_event(*event, *context_.catalogue, prefix, own, errors_)) {
    return refuse_errors(hints, decoder_.unread(payload), intake);
  }
  if (decoder_.decode(event->data, own, intake.batch, errors_, warnings_)) return true;
  return refuse_errors(own, decoder_.refused(payload), intake);
}

void MessageDecoder::refuse(std::string_view payload, const TransportHints& hints,
                            std::string_view reason, std::string detail, Intake& intake) {
  const Refused kept = decoder_.unread(payload);
  DeadLetter letter = refusal(hints, {}, kept, context_.dead_letter_body_bytes);
  letter.reason = reason;
  letter.detail.insert(0, detail);
  intake.refused.push_back(std::move(letter));
}

bool MessageDecoder::untyped() const {
  return !errors_.empty() && errors_.front().problem == "missing" &&
         errors_.front().expected == "the name of an event type";
}

bool MessageDecoder::refuse_errors(const TransportHints& hints, const Refused& kept,
                                   Intake& intake) {
  intake.refused.push_back(refusal(hints, errors_, kept, context_.dead_letter_body_bytes));
  return false;
}

}  // namespace kcloud::core
