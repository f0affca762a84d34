#include "core/envelope.h"

#include <simdjson.h>

#include <array>
#include <cstring>
#include <string>
#include <utility>

#include "core/decode_parse.h"
#include "core/json.h"

namespace kcloud::core {

namespace {

namespace ondemand = simdjson::ondemand;
constexpr std::size_t kMaxText = 1024;
constexpr std::size_t kMaxVia = 16;

std::string quoted(std::string_view text) {
  constexpr std::size_t kShown = 64;
  return "'" + std::string(text.substr(0, kShown)) + (text.size() > kShown ? "…'" : "'");
}

// Refuses what no agent writes.
void check(const Envelope& envelope, bool has_time, std::string_view time,
           std::vector<FieldError>& errors) {
  const std::array<std::pair<const char*, std::string_view>, 7> texts{
      {{"type", envelope.type},
       {"source", envelope.source},
       {"workload", envelope.workload},
       {"cluster", envelope.cluster},
       {"severity", envelope.severity},
       {"collector", envelope.collector},
       {"agent", envelope.agent}}};
  for (const auto& [name, text] : texts) {
    if (text.size() > kMaxText || text.find('\0') != std::string_view::npos) {
      errors.push_back({name, quoted(text), "a text of at most 1024 bytes without U+0000"});
    }
  }
  for (const std::string_view name : envelope.via) {
    if (!name.empty() && name.size() <= kMaxText) continue;
    errors.push_back({"via", quoted(name), "names of agents, of at most 1024 bytes"});
  }
  if (envelope.via.size() > kMaxVia) {
    errors.push_back({"via", std::to_string(envelope.via.size()) + " agents", "at most 16"});
  }
  if (envelope.type.empty()) {
    errors.push_back({"type", "missing", "the type of the event whose id and body are here"});
  }
  if (!has_time) {
    errors.push_back({"time", time.empty() ? "missing" : quoted(time),
                      "an RFC 3339 time with its offset, from 1970 to 2261"});
    return;
  }
  const auto ms = std::chrono::floor<std::chrono::milliseconds>(envelope.time.time_since_epoch());
  if (envelope.id.unix_ms() != ms.count()) {
    const Time said{std::chrono::milliseconds(envelope.id.unix_ms())};
    errors.push_back({"id", to_string(envelope.id) + ", which is of " + format_time(said),
                      "an id of the event's time, " + format_time(envelope.time)});
  }
}

}  // namespace

struct EnvelopeReader::Impl {
  ondemand::parser parser;
  simdjson::padded_string buffer;
  const Zone utc;
  std::size_t capacity = 0;

  bool read(std::string_view json, Envelope& envelope, std::vector<FieldError>& why_not,
            std::vector<FieldError>& errors);

  simdjson::padded_string_view padded(std::string_view json) {
    if (json.size() > capacity) {
      capacity = json.size() * 2;
      buffer = simdjson::padded_string(capacity);
    }
    std::memcpy(buffer.data(), json.data(), json.size());
    std::memset(buffer.data() + json.size(), ' ', simdjson::SIMDJSON_PADDING);
    return simdjson::padded_string_view(buffer.data(), json.size(),
                                        capacity + simdjson::SIMDJSON_PADDING);
  }
};

namespace {

// The members of the document, each the last of its name. False: no JSON object, as far as was
// looked, or a member of another kind than an agent writes.
class Members {
 public:
  Members(Envelope& envelope, std::string_view& id, std::string_view& time)
      : envelope_(envelope),
        texts_{{{"id", &id},
                {"time", &time},
                {"type", &envelope.type},
                {"source", &envelope.source},
                {"workload", &envelope.workload},
                {"cluster", &envelope.cluster},
                {"severity", &envelope.severity},
                {"agent", &envelope.agent},
                {"received", &envelope.received},
                {"collector", &envelope.collector},
                {"time_source", &envelope.time_source},
                {"id_from", &envelope.id_from}}} {}

  bool read(ondemand::document& document) {
    ondemand::object object;
    if (document.get_object().get(object) != simdjson::SUCCESS) return false;
    for (auto field : object) {
      std::string_view key;
      ondemand::value value;
      if (field.unescaped_key().get(key) != simdjson::SUCCESS ||
          field.value().get(value) != simdjson::SUCCESS) {
        return false;
      }
      if (!take(key, value)) {
        unfit_ = key;
        return false;
      }
    }
    const char* behind = nullptr;
    return document.current_location().get(behind) == simdjson::OUT_OF_BOUNDS;
  }

  // The member that is of another kind; empty: none was found.
  std::string_view unfit() const { return unfit_; }

 private:
  bool take(std::string_view key, ondemand::value& value) {
    if (key == "body") {
      ondemand::object inner;
      return value.get_object().get(inner) == simdjson::SUCCESS &&
             inner.raw_json().get(envelope_.body) == simdjson::SUCCESS;
    }
    if (key == "via") return take_via(value);
    if (key == "zone_assumed") {
      return value.get_bool().get(envelope_.zone_assumed) == simdjson::SUCCESS;
    }
    for (const auto& [name, text] : texts_) {
      if (name != key) continue;
      bool null = false;
      if (value.is_null().get(null) != simdjson::SUCCESS) return false;
      *text = {};
      return null || value.get_string().get(*text) == simdjson::SUCCESS;
    }
    return true;
  }

  bool take_via(ondemand::value& value) {
    envelope_.via.clear();
    ondemand::array names;
    if (value.get_array().get(names) != simdjson::SUCCESS) return false;
    for (auto name : names) {
      if (name.get_string().get(envelope_.via.emplace_back()) != simdjson::SUCCESS) return false;
    }
    return true;
  }

  Envelope& envelope_;
  std::string_view unfit_;
  std::array<std::pair<std::string_view, std::string_view*>, 12> texts_;
};

}  // namespace

// False: no envelope, `why_not` says why. What an envelope says wrongly goes to `errors`.
bool EnvelopeReader::Impl::read(std::string_view json, Envelope& envelope,
                                std::vector<FieldError>& why_not, std::vector<FieldError>& errors) {
  envelope = {};
  std::string_view id, time;
  ondemand::document document;
  Members members(envelope, id, time);
  if (parser.iterate(padded(json)).get(document) != simdjson::SUCCESS || !members.read(document)) {
    return refuse(why_not, std::string(members.unfit().empty() ? "$" : members.unfit()),
                  members.unfit().empty() ? "no JSON object" : "a value of another kind",
                  members.unfit() == "body"           ? "the event, a JSON object"
                  : members.unfit() == "via"          ? "an array of texts"
                  : members.unfit() == "zone_assumed" ? "true or false"
                  : members.unfit().empty()           ? "one event with its id and body"
                                                      : "a text");
  }
  const auto parsed_id = parse_event_id(id);
  if (!parsed_id) {
    return refuse(why_not, "id", id.empty() ? "missing" : quoted(id), "a UUID in its text form");
  }
  if (envelope.body.empty()) {
    return refuse(why_not, "body", "missing", "the event, a JSON object");
  }
  envelope.id = *parsed_id;
  const auto parsed_time = parse_time(time, utc);
  const bool has_time = parsed_time && !parsed_time->zone_assumed;
  if (has_time) envelope.time = parsed_time->time;
  check(envelope, has_time, time, errors);
  return true;
}

EnvelopeReader::EnvelopeReader() : impl_(std::make_unique<Impl>()) {}
EnvelopeReader::~EnvelopeReader() = default;
EnvelopeReader::EnvelopeReader(EnvelopeReader&&) noexcept = default;

EnvelopeReader::Found EnvelopeReader::read(std::string_view json, Envelope& envelope,
                                           std::vector<FieldError>& errors) {
  // Most lines of an import are plain events: they are not parsed twice.
  if (memmem(json.data(), json.size(), "\"body\"", 6) == nullptr) return Found::kOther;
  std::vector<FieldError> why_not;
  const std::size_t before = errors.size();
  if (!impl_->read(json, envelope, why_not, errors)) return Found::kOther;
  return errors.size() == before ? Found::kEnvelope : Found::kBad;
}

bool EnvelopeReader::read_strictly(std::string_view json, Envelope& envelope,
                                   std::vector<FieldError>& errors) {
  const std::size_t before = errors.size();
  return impl_->read(json, envelope, errors, errors) && errors.size() == before;
}

bool decode_envelope(const Envelope& envelope, Decoder& decoder, const TransportHints& hints,
                     EventBatch& batch, std::vector<FieldError>& errors,
                     std::vector<std::string_view>& warnings) {
  const DecodeOptions& options = decoder.options();
  const auto ahead = envelope.time - hints.received;
  if (ahead > options.max_future || -ahead > options.max_age) {
    errors.push_back({"time", format_time(envelope.time),
                      ahead > options.max_future
                          ? "a time at most the configured max_future ahead of arrival"
                          : "a time at most the configured max_age before arrival"});
    return false;
  }
  TransportHints inner = hints;
  inner.type = envelope.type;
  inner.key = inner.key_kind = inner.position = {};
  inner.time = envelope.time;
  inner.source = envelope.source;
  inner.workload = envelope.workload;
  if (!decoder.decode(envelope.body, inner, batch, errors, warnings)) return false;
  Event& event = batch.events.back();
  event.id = envelope.id;
  event.time = envelope.time;
  // Under rules the columns are what the rules leave of body and envelope.
  if (options.redaction == nullptr) {
    event.source = batch.keep(envelope.source);
    event.workload = batch.keep(envelope.workload);
    event.cluster = batch.keep(envelope.cluster);
    event.severity = batch.keep(envelope.severity);
  }
  event.agent = batch.keep(envelope.agent);
  std::string via;
  for (const std::string_view name : envelope.via) {
    if (!via.empty()) via.push_back(',');
    append_json_string(via, name);
  }
  event.via = batch.keep(via);
  return true;
}

bool decode_either(std::string_view json, EnvelopeReader& reader, Decoder& decoder,
                   const TransportHints& hints, EventBatch& batch, std::vector<FieldError>& errors,
                   std::vector<std::string_view>& warnings) {
  Envelope envelope;
  TransportHints inner = hints;
  switch (reader.read(json, envelope, errors)) {
    case EnvelopeReader::Found::kEnvelope:
      inner.from_agent = true;  // it came out of one: also alerts' transitions go in again
      return decode_envelope(envelope, decoder, inner, batch, errors, warnings);
    case EnvelopeReader::Found::kBad:
      return false;
    case EnvelopeReader::Found::kOther:
      break;
  }
  return decoder.decode(json, hints, batch, errors, warnings);
}

}  // namespace kcloud::core
