#include "core/decode.h"

#include <simdjson.h>

#include <optional>

#include "core/decode_fields.h"
#include "core/decode_parse.h"
#include "core/decode_plan.h"
#include "core/decode_time.h"
#include "core/decode_type.h"
#include "core/decode_walk.h"
#include "core/field_value.h"
#include "core/redact.h"
#include "core/sha256.h"
#include "core/unwrap.h"

namespace kcloud::core {

struct Decoder::Impl {
  const Catalogue& catalogue;
  DecodeOptions options;
  std::vector<Plan> plans;  // by EventType::index
  Plan unknown;
  std::vector<std::string> type_paths;
  simdjson::dom::parser parser;
  Sha256Hasher hasher;
  std::vector<Candidate> candidates;
  std::vector<FieldValue> values;
  Unwrapper unwrapper;
  std::string redacted, source, workload;
  std::optional<std::string_view> readable;  // what a refusal may keep of the newest event

  Impl(const Catalogue& the_catalogue, DecodeOptions the_options)
      : catalogue(the_catalogue),
        options(std::move(the_options)),
        unknown(catalogue.common(), nullptr),
        unwrapper(options.unwrap, options.redaction == nullptr) {
    for (const auto& type : catalogue.types()) plans.emplace_back(type.common, &type);
    for (const auto& path : catalogue.common().type) {
      type_paths.push_back(path);
      if (auto camel = camel_case(path); camel != path) type_paths.push_back(std::move(camel));
    }
  }

  std::optional<Unwrapper::Found> unwrap(const ParsedEvent& parsed, const TransportHints& hints);
  bool redact(ParsedEvent& parsed, Event& event, EventBatch& batch,
              std::vector<FieldError>& errors);
  bool decode(ParsedEvent& parsed, const NamedType& named, const TransportHints& hints,
              const std::optional<ParsedTime>& wrapper_time, EventBatch& batch,
              std::vector<FieldError>& errors, std::vector<std::string_view>& warnings);
  std::string_view beside(std::string_view value, const Plan& plan,
                          const std::vector<std::string>& paths, std::string& redacted_value) const;
  std::string_view key_of(const Plan& plan, std::string& number, std::vector<FieldError>& errors);
  void set_id(Event& event, const TransportHints& hints, std::string_view event_id);
};

void Decoder::Impl::set_id(Event& event, const TransportHints& hints, std::string_view event_id) {
  event.body_hash = hasher.hash(event.body);
  const auto keyed = [&](std::string_view kind, std::string_view key) {
    event.keyed = true;
    std::string prefix(kind);
    prefix.push_back('\0');
    event.id = make_event_id(event.time, hasher.hash(prefix, key));
  };
  const auto by_position = [&](std::string_view position) {
    event.id = make_event_id(event.time, hasher.hash(std::string_view("position\0", 9), position));
  };
  const bool by_key = hints.dedup == Dedup::kId;
  const bool no_time = event.time_source == TimeSource::kArrival;
  const bool lasts = hints.position_lasts && hints.dedup != Dedup::kContent;
  const bool by_place = hints.dedup == Dedup::kPosition || no_time ||
                        (lasts && event.time_source == TimeSource::kTransport);
  const bool cloud_event = hints.key_kind == "cloudevents" && !hints.key.empty();
  if (by_key && !event_id.empty() && !cloud_event) {
    keyed("event_id", event_id);
  } else if (by_key && !hints.key.empty()) {
    keyed(hints.key_kind, hints.key);
  } else if (lasts && no_time) {
    // Read again it has another time: as a key the journal finds it all the same. A source that
    // lost its data may give the position again, to another body.
    event.keyed = true;
    std::string key(hints.position);
    by_position(key.append("\n").append(event.body));
  } else if (by_place && !hints.position.empty()) {
    by_position(hints.position);
  } else {
    event.id = make_event_id(event.time, event.body_hash);
  }
}

// What the transport says in place of a field of the body, under the rules of that field.
std::string_view Decoder::Impl::beside(std::string_view value, const Plan& plan,
                                       const std::vector<std::string>& paths,
                                       std::string& redacted_value) const {
  if (options.redaction == nullptr || value.empty()) return value;
  return redacted_value = options.redaction->text(value, plan.type, paths);
}

Decoder::Decoder(const Catalogue& catalogue, DecodeOptions options)
    : impl_(std::make_unique<Impl>(catalogue, std::move(options))) {}
Decoder::~Decoder() = default;
Decoder::Decoder(Decoder&&) noexcept = default;
const DecodeOptions& Decoder::options() const { return impl_->options; }

bool Decoder::decode(std::string_view json, const TransportHints& hints, EventBatch& batch,
                     std::vector<FieldError>& errors, std::vector<std::string_view>& warnings) {
  Impl& impl = *impl_;
  const std::size_t errors_before = errors.size();
  const std::size_t warnings_before = warnings.size();
  const std::size_t limit = impl.options.max_event_bytes;
  impl.readable.reset();
  ParsedEvent parsed;
  if (!parse_event(impl.parser, json, limit, batch, parsed, errors)) return false;
  auto named = named_type(parsed.root, impl.type_paths);
  std::optional<Unwrapper::Found> wrapped;
  const bool looked = !hints.from_agent && !named.value && impl.unwrapper.may_wrap(parsed.root);
  if (looked) wrapped = impl.unwrap(parsed, hints);
  bool good = true;
  if (wrapped) {
    batch.shrink_last(parsed.body.data(), parsed.body.size(), 0);
    good = parse_event(impl.parser, wrapped->text, limit, batch, parsed, errors);
    if (good) named = named_type(parsed.root, impl.type_paths);
  }
  good = good && impl.decode(parsed, named, hints, wrapped ? wrapped->time : std::nullopt, batch,
                             errors, warnings);
  if (good) return true;
  warnings.resize(warnings_before);
  if (wrapped) {
    for (std::size_t i = errors_before; i < errors.size(); ++i) {
      auto& path = errors[i].path;
      if (path == "$") {
        path = wrapped->path;
      } else {
        path.insert(0, wrapped->path + ".");
      }
    }
  } else if (looked) {
    if (impl.unwrapper.hint()) errors.push_back(*impl.unwrapper.hint());
    if (impl.unwrapper.left_text()) impl.readable.reset();
  }
  return false;
}

std::optional<Unwrapper::Found> Decoder::Impl::unwrap(const ParsedEvent& parsed,
                                                      const TransportHints& hints) {
  Unwrapper::Wanted wanted;
  wanted.type = hints.type;
  wanted.type_is_default = hints.type_is_default;
  if (const auto* given = catalogue.find_endpoint(hints.type)) wanted.plan = &plans[given->index];
  wanted.common = &unknown;
  wanted.type_paths = type_paths;
  wanted.catalogue = &catalogue;
  wanted.zone = &options.default_zone;
  return unwrapper.find(parsed.body, parsed.root, wanted);
}

// From here on nothing of the event is kept or quoted but what the rules leave of it.
bool Decoder::Impl::redact(ParsedEvent& parsed, Event& event, EventBatch& batch,
                           std::vector<FieldError>& errors) {
  const auto result = options.redaction->apply(parsed.body, event.type, redacted);
  if (result == Redaction::Result::kRedacted) {
    batch.shrink_last(parsed.body.data(), parsed.body.size(), 0);
    // It points into the parser's memory.
    if (event.type == nullptr) event.type_name = batch.keep(event.type_name);
    if (!parse_event(parser, redacted, options.max_event_bytes, batch, parsed, errors))
      return false;
  } else if (result == Redaction::Result::kMalformed) {
    return refuse(errors, "$", "cannot be redacted", "one JSON object (RFC 8259)");
  }
  readable = parsed.body;
  return true;
}

bool Decoder::Impl::decode(ParsedEvent& parsed, const NamedType& named, const TransportHints& hints,
                           const std::optional<ParsedTime>& wrapper_time, EventBatch& batch,
                           std::vector<FieldError>& errors,
                           std::vector<std::string_view>& warnings) {
  const std::size_t errors_before = errors.size();
  Event event;
  if (!set_type(named, catalogue, options, hints, event, errors)) {
    if (options.redaction != nullptr) {
      const auto result = options.redaction->apply_all(parsed.body, redacted);
      if (result == Redaction::Result::kRedacted) readable = redacted;
      if (result == Redaction::Result::kUntouched) readable = parsed.body;
    }
    return false;
  }
  if (options.redaction != nullptr && !redact(parsed, event, batch, errors)) return false;
  event.body = parsed.body;
  event.received = hints.received;
  const Plan& plan = event.type != nullptr ? plans[event.type->index] : unknown;
  walk(plan, parsed.root.get_object().value_unsafe(), candidates);
  set_time(candidates, plan, options, hints, wrapper_time, event, errors, warnings);
  common_texts(plan, candidates, event, batch, &errors);
  if (event.source.empty()) {
    event.source = beside(hints.source, plan, plan.common->source, source);
  }
  if (event.workload.empty()) {
    event.workload = beside(hints.workload, plan, plan.common->workload, workload);
  }
  convert_fields(plan, candidates, batch, values, &errors);
  join_common(plan, candidates, event, values, &errors);
  std::string number;
  const std::string_view event_id = key_of(plan, number, errors);
  if (errors.size() != errors_before) return false;
  if (event.type == nullptr) {
    warnings.push_back("unknown_type");
    event.type_name = batch.keep(event.type_name);
  }
  event.source = batch.keep(event.source);
  event.workload = batch.keep(event.workload);
  event.cluster = batch.keep(event.cluster);
  event.severity = batch.keep(event.severity);
  event.collector = hints.collector;
  event.agent = hints.agent;
  set_id(event, hints, event_id);
  if (options.keep_fields) {
    event.actor = batch.keep(event.actor);
    event.reason = batch.keep(event.reason);
    event.fields = keep_fields(values, batch);
  } else {
    event.actor = event.reason = {};
  }
  batch.events.push_back(event);
  return true;
}

// The publisher's own id in the body; `number` holds its digits where it is one.
std::string_view Decoder::Impl::key_of(const Plan& plan, std::string& number,
                                       std::vector<FieldError>& errors) {
  const Candidate& key = candidates[kEventId];
  std::string_view event_id;
  if (key.state != Candidate::State::kElement ||
      key.value.get_string().get(event_id) == simdjson::SUCCESS) {
    return event_id;
  }
  if (key.value.is_int64() || key.value.is_uint64()) {
    number = simdjson::minify(key.value);
    return number;
  }
  errors.push_back({plan.path(kEventId, key.rank), describe(key.value), "a text or an integer"});
  return {};
}

Refused Decoder::refused(std::string_view json) const {
  if (impl_->options.redaction != nullptr && impl_->readable) return {*impl_->readable, {}};
  return unread(json);
}

Refused Decoder::unread(std::string_view json) const {
  if (impl_->options.redaction == nullptr) return {json, {}};
  std::string digest;
  for (const auto byte : sha256(json)) {
    digest.push_back("0123456789abcdef"[byte >> 4]);
    digest.push_back("0123456789abcdef"[byte & 15]);
  }
  return {{},
          "not kept, as redaction could not read it: " + std::to_string(json.size()) +
              " bytes, SHA-256 " + digest};
}

void Decoder::decode_fields(Event& event, EventBatch& batch) {
  simdjson::dom::element root;
  if (impl_->parser.parse(event.body.data(), event.body.size(), true).get(root) !=
          simdjson::SUCCESS ||
      !root.is_object()) {
    return;
  }
  if (event.type == nullptr) event.type = impl_->catalogue.find(event.type_name);
  const Plan& plan = event.type != nullptr ? impl_->plans[event.type->index] : impl_->unknown;
  walk(plan, root.get_object().value_unsafe(), impl_->candidates);
  Event common;
  common_texts(plan, impl_->candidates, common, batch, nullptr);
  if (common.source.empty()) common.source = event.source;
  if (common.workload.empty()) common.workload = event.workload;
  convert_fields(plan, impl_->candidates, batch, impl_->values, nullptr);
  join_common(plan, impl_->candidates, common, impl_->values, nullptr);
  event.actor = batch.keep(common.actor);
  event.reason = batch.keep(common.reason);
  event.fields = keep_fields(impl_->values, batch);
}

void Decoder::complete(Event& event, EventBatch& batch) {
  event.type = impl_->catalogue.find(event.type_name);
  decode_fields(event, batch);
}

}  // namespace kcloud::core
