#include "core/forwarded.h"

#include <algorithm>
#include <array>
#include <optional>

namespace kcloud::core {

namespace {

constexpr std::array<std::string_view, 3> kTimeSources = {"body", "transport", "arrival"};

template <std::size_t N>
std::optional<std::size_t> choice(std::string_view path, std::string_view text,
                                  const std::array<std::string_view, N>& known,
                                  std::vector<FieldError>& errors) {
  const auto found = std::find(known.begin(), known.end(), text);
  if (found != known.end()) return static_cast<std::size_t>(found - known.begin());
  std::string expected = "one of";
  for (const std::string_view one : known) expected.append(" ").append(one);
  errors.push_back({std::string(path),
                    text.empty() ? "missing" : "'" + std::string(text.substr(0, 64)) + "'",
                    std::move(expected)});
  return std::nullopt;
}

bool passed(const Envelope& envelope, std::string_view agent) {
  return envelope.agent == agent ||
         std::find(envelope.via.begin(), envelope.via.end(), agent) != envelope.via.end();
}

// When the first agent took it in; by that its age was judged, and is again.
std::optional<Time> first_received(const Envelope& envelope, const TransportHints& hints,
                                   const DecodeOptions& options, std::vector<FieldError>& errors) {
  const auto parsed = parse_time(envelope.received, Zone());
  const bool good = parsed && !parsed->zone_assumed;
  if (good && parsed->time - hints.received <= options.max_future) return parsed->time;
  errors.push_back({"received",
                    envelope.received.empty()
                        ? "missing"
                        : "'" + std::string(envelope.received.substr(0, 64)) + "'",
                    good ? "a time at most the configured max_future ahead of this agent's clock"
                         : "an RFC 3339 time with its offset, from 1970 to 2261"});
  return std::nullopt;
}

}  // namespace

std::string_view to_string(TimeSource source) {
  return kTimeSources[static_cast<std::size_t>(source)];
}

bool decode_forwarded(std::string_view json, EnvelopeReader& reader, Decoder& decoder,
                      const TransportHints& hints, EventBatch& batch,
                      std::vector<FieldError>& errors, std::vector<std::string_view>& warnings) {
  Envelope envelope;
  if (!reader.read_strictly(json, envelope, errors)) return false;
  const std::size_t before = errors.size();
  const auto time_source = choice("time_source", envelope.time_source, kTimeSources, errors);
  static constexpr std::array kOrigins = {kIdFromBody, kIdFromKey, kIdFromOther};
  const auto id_from = choice("id_from", envelope.id_from, kOrigins, errors);
  const auto received = first_received(envelope, hints, decoder.options(), errors);
  if (envelope.agent.empty()) {
    errors.push_back({"agent", "missing", "the name of the agent that stored the event first"});
  }
  if (envelope.via.empty()) {
    errors.push_back({"via", "missing", "the agents that the event passed, its sender last"});
  }
  if (errors.size() != before) return false;
  if (passed(envelope, hints.agent)) {
    Event known;
    known.id = envelope.id;
    known.came_back = true;
    batch.events.push_back(known);
    return true;
  }
  TransportHints inner = hints;
  inner.from_agent = true;
  inner.received = *received;
  if (!decode_envelope(envelope, decoder, inner, batch, errors, warnings)) return false;
  Event& event = batch.events.back();
  if (kOrigins[*id_from] == kIdFromBody) {
    // Rules here may have changed the body behind the id.
    const bool as_sent = event.body == envelope.body;
    const EventId own =
        make_event_id(envelope.time, as_sent ? event.body_hash : sha256(envelope.body));
    if (own != envelope.id) {
      errors.push_back({"id", to_string(envelope.id),
                        to_string(own) + ", which follows from the event's time and body"});
      batch.events.pop_back();
      return false;
    }
  }
  event.received = hints.received;
  event.collector = batch.keep(envelope.collector);
  event.time_source = static_cast<TimeSource>(*time_source);
  event.zone_assumed = envelope.zone_assumed;
  event.keyed = kOrigins[*id_from] == kIdFromKey;
  return true;
}

}  // namespace kcloud::core
