#include "core/decode.h"

#include <simdjson.h>

#include <algorithm>

#include "core/decode_fields.h"
#include "core/decode_parse.h"
#include "core/decode_plan.h"
#include "core/decode_time.h"
#include "core/decode_walk.h"
#include "core/field_value.h"
#include "core/sha256.h"

namespace kcloud::core {

namespace {

using simdjson::dom::element;

constexpr std::size_t kMaxTypeName = 128;

}  // namespace

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

  Impl(const Catalogue& the_catalogue, DecodeOptions the_options)
      : catalogue(the_catalogue),
        options(std::move(the_options)),
        unknown(catalogue.common(), nullptr) {
    for (const auto& type : catalogue.types()) plans.emplace_back(type.common, &type);
    for (const auto& path : catalogue.common().type) {
      type_paths.push_back(path);
      if (auto camel = camel_case(path); camel != path) type_paths.push_back(std::move(camel));
    }
  }

  bool find_type(const element& root, const TransportHints& hints, Event& event,
                 std::vector<FieldError>& errors);
  void set_id(Event& event, const TransportHints& hints, std::string_view event_id);
};

bool Decoder::Impl::find_type(const element& root, const TransportHints& hints, Event& event,
                              std::vector<FieldError>& errors) {
  std::string_view found;
  std::string_view path = type_paths.empty() ? std::string_view("type") : type_paths.front();
  for (const auto& candidate : type_paths) {
    element value;
    if (root.at_key(candidate).get(value) != simdjson::SUCCESS || value.is_null()) continue;
    path = candidate;
    if (value.get_string().get(found) != simdjson::SUCCESS || found.empty()) {
      return refuse(errors, std::string(path), describe(value), "the name of an event type");
    }
    break;
  }
  const EventType* in_body = found.empty() ? nullptr : catalogue.find_endpoint(found);
  if (!hints.type.empty()) {
    const EventType* given = catalogue.find_endpoint(hints.type);
    const bool same =
        found.empty() || found == hints.type || (given != nullptr && given == in_body);
    if (!same) {
      return refuse(errors, std::string(path), describe(found),
                    "'" + std::string(hints.type) + "', as the endpoint says");
    }
    event.type = given;
    if (given == nullptr) found = hints.type;
  } else {
    if (found.empty())
      return refuse(errors, std::string(path), "missing", "the name of an event type");
    event.type = in_body;
  }
  if (event.type != nullptr) {
    event.type_name = event.type->name;
    if (event.type->reserved) {
      return refuse(errors, std::string(path), describe(found),
                    "a type that is not reserved for the agent itself");
    }
    return true;
  }
  event.type_name = found;
  const bool printable = std::all_of(found.begin(), found.end(),
                                     [](unsigned char c) { return c >= 0x20 && c != 0x7F; });
  if (found.size() > kMaxTypeName || !printable) {
    return refuse(errors, std::string(path), describe(found),
                  "at most 128 bytes without control characters");
  }
  if (!options.accept_unknown_types) {
    return refuse(errors, std::string(path), "unknown type " + describe(found),
                  "a type of GET /schemas");
  }
  return true;
}

void Decoder::Impl::set_id(Event& event, const TransportHints& hints, std::string_view event_id) {
  event.body_hash = hasher.hash(event.body);
  const auto keyed = [&](std::string_view kind, std::string_view key) {
    event.keyed = true;
    std::string prefix(kind);
    prefix.push_back('\0');
    event.id = make_event_id(event.time, hasher.hash(prefix, key));
  };
  const bool by_key = hints.dedup == Dedup::kId;
  const bool no_time = event.time_source == TimeSource::kArrival;
  const bool cloud_event = hints.key_kind == "cloudevents" && !hints.key.empty();
  if (by_key && !event_id.empty() && !cloud_event) {
    keyed("event_id", event_id);
  } else if (by_key && !hints.key.empty()) {
    keyed(hints.key_kind, hints.key);
  } else if (!hints.position.empty() && (hints.dedup == Dedup::kPosition || no_time)) {
    event.id =
        make_event_id(event.time, hasher.hash(std::string_view("position\0", 9), hints.position));
  } else {
    event.id = make_event_id(event.time, event.body_hash);
  }
}

Decoder::Decoder(const Catalogue& catalogue, DecodeOptions options)
    : impl_(std::make_unique<Impl>(catalogue, std::move(options))) {}
Decoder::~Decoder() = default;
Decoder::Decoder(Decoder&&) noexcept = default;

bool Decoder::decode(std::string_view json, const TransportHints& hints, EventBatch& batch,
                     std::vector<FieldError>& errors, std::vector<std::string_view>& warnings) {
  const std::size_t errors_before = errors.size();
  const std::size_t warnings_before = warnings.size();
  ParsedEvent parsed;
  if (!parse_event(impl_->parser, json, impl_->options.max_event_bytes, batch, parsed, errors)) {
    return false;
  }
  Event event;
  event.body = parsed.body;
  if (!impl_->find_type(parsed.root, hints, event, errors)) return false;
  const Plan& plan = event.type != nullptr ? impl_->plans[event.type->index] : impl_->unknown;
  walk(plan, parsed.root.get_object().value_unsafe(), impl_->candidates);
  event.received = hints.received;
  set_time(impl_->candidates, plan, impl_->options, hints, std::nullopt, event, errors, warnings);
  common_texts(plan, impl_->candidates, event, batch, &errors);
  convert_fields(plan, impl_->candidates, batch, impl_->values, &errors);
  join_common(plan, impl_->candidates, event, impl_->values, &errors);
  std::string number;
  std::string_view event_id;
  const Candidate& key = impl_->candidates[kEventId];
  if (key.state == Candidate::State::kElement &&
      key.value.get_string().get(event_id) != simdjson::SUCCESS) {
    if (key.value.is_int64() || key.value.is_uint64()) {
      event_id = number = simdjson::minify(key.value);
    } else {
      errors.push_back(
          {plan.path(kEventId, key.rank), describe(key.value), "a text or an integer"});
    }
  }
  if (errors.size() != errors_before) {
    warnings.resize(warnings_before);
    return false;
  }
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
  impl_->set_id(event, hints, event_id);
  if (impl_->options.keep_fields) {
    event.actor = batch.keep(event.actor);
    event.reason = batch.keep(event.reason);
    event.fields = keep_fields(impl_->values, batch);
  } else {
    event.actor = event.reason = {};
  }
  batch.events.push_back(event);
  return true;
}

void Decoder::decode_fields(Event& event, EventBatch& batch) {
  element root;
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
  convert_fields(plan, impl_->candidates, batch, impl_->values, nullptr);
  join_common(plan, impl_->candidates, common, impl_->values, nullptr);
  event.actor = batch.keep(common.actor);
  event.reason = batch.keep(common.reason);
  event.fields = keep_fields(impl_->values, batch);
}

}  // namespace kcloud::core
