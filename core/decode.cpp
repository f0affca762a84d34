#include "core/decode.h"

#include <simdjson.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <limits>

#include "core/field_value.h"
#include "core/path_tree.h"
#include "core/sha256.h"

namespace kcloud::core {

namespace {

using simdjson::dom::element;

// Slots of the common fields; a type's own fields follow.
enum CommonSlot : std::uint16_t {
  kTime,
  kEventId,
  kSource,
  kWorkload,
  kCluster,
  kSeverity,
  kActor,
  kReason,
  kCommonSlots
};
constexpr std::array<std::string_view, kCommonSlots> kCommonNames{
    "time", "event_id", "source", "workload", "cluster", "severity", "actor", "reason"};
constexpr std::size_t kMaxIndexedText = 1024;  // of workload, cluster, source, severity, type
constexpr std::size_t kMaxTypeName = 128;

const std::vector<std::string>& paths_of(const CommonPaths& common, std::uint16_t slot) {
  const std::array<const std::vector<std::string>*, kCommonSlots> lists{
      &common.time,    &common.event_id, &common.source, &common.workload,
      &common.cluster, &common.severity, &common.actor,  &common.reason};
  return *lists[slot];
}

// What a type needs for decoding: the tree over the common fields (slot 0…) and its own (behind
// them).
struct Plan {
  const CommonPaths* common = nullptr;
  const EventType* type = nullptr;  // nullptr: unknown types
  PathTree tree;
  std::array<std::optional<std::size_t>, kCommonSlots>
      own;  // field of the same name as a common one

  Plan(const CommonPaths& common_paths, const EventType* event_type)
      : common(&common_paths), type(event_type) {
    for (std::uint16_t slot = 0; slot < kCommonSlots; ++slot) add(slot, paths_of(*common, slot));
    if (type == nullptr) return;
    for (std::size_t i = 0; i < type->fields.size(); ++i) {
      add(static_cast<std::uint16_t>(kCommonSlots + i), type->fields[i].paths);
    }
    for (std::uint16_t slot = 0; slot < kCommonSlots; ++slot) {
      own[slot] = type->slot(kCommonNames[slot]);
    }
  }

  void add(std::uint16_t slot, const std::vector<std::string>& paths) {
    for (std::size_t rank = 0; rank < paths.size(); ++rank) {
      tree.add(paths[rank], {slot, static_cast<std::uint16_t>(rank)});
    }
  }

  std::size_t slots() const { return kCommonSlots + (type ? type->fields.size() : 0); }
  const Field* field(std::uint16_t slot) const {
    return slot < kCommonSlots ? nullptr : &type->fields[slot - kCommonSlots];
  }
  std::string path(std::uint16_t slot, std::uint16_t rank) const {
    return slot < kCommonSlots ? paths_of(*common, slot)[rank] : field(slot)->paths[rank];
  }
};

// The best value seen for a slot during the walk.
struct Candidate {
  enum class State : std::uint8_t { kNone, kElement, kCount, kMin };
  State state = State::kNone;
  std::uint16_t rank = std::numeric_limits<std::uint16_t>::max();
  double number = 0;
  element value;
};

// Walks a document once and leaves the best candidate of each slot.
class Walk {
 public:
  Walk(const Plan& plan, std::vector<Candidate>& candidates) : plan_(plan), found_(candidates) {
    found_.assign(plan.slots(), {});
  }

  void object(const PathNode& node, const simdjson::dom::object& object) {
    for (const auto& field : object) {
      if (const auto* child = node.child(field.key)) value(plan_.tree.node(*child), field.value);
    }
  }

 private:
  void value(const PathNode& node, const element& value) {
    if (value.is_null()) return;
    const bool way_through =
        (value.is_object() && node.has_children) || (value.is_array() && node.array != 0);
    for (const auto target : node.targets) {
      const Field* field = plan_.field(target.slot);
      const bool any = field != nullptr && field->type == FieldType::kJson;
      if (way_through && !any) continue;
      if (field != nullptr && field->reduce == Reduce::kMin) {
        reduce(target, *field, value);
      } else {
        take(target, value);
      }
    }
    if (node.has_children && value.is_object()) object(node, value.get_object().value_unsafe());
    if (node.array != 0 && value.is_array()) {
      array(plan_.tree.node(node.array), value.get_array().value_unsafe());
    }
  }

  void array(const PathNode& node, const simdjson::dom::array& array) {
    for (const auto target : node.targets) {
      auto& best = found_[target.slot];
      if (plan_.field(target.slot) == nullptr || target.rank > best.rank) continue;
      best.state = Candidate::State::kCount;
      best.rank = target.rank;
      best.number = static_cast<double>(array.size());
    }
    if (!node.has_children) return;
    for (const element item : array) {
      if (item.is_object()) object(node, item.get_object().value_unsafe());
    }
  }

  void take(PathTarget target, const element& value) {
    auto& best = found_[target.slot];
    if (best.state != Candidate::State::kNone && target.rank >= best.rank) return;
    best = {Candidate::State::kElement, target.rank, 0, value};
  }

  void reduce(PathTarget target, const Field& field, const element& value) {
    auto& best = found_[target.slot];
    if (best.state != Candidate::State::kNone && target.rank > best.rank) return;
    const auto number = number_of(value, field.unit);
    if (!number) {
      best = {Candidate::State::kElement, target.rank, 0, value};
    } else if (best.state != Candidate::State::kMin || target.rank < best.rank) {
      best = {Candidate::State::kMin, target.rank, *number, value};
    } else {
      best.number = std::min(best.number, *number);
    }
  }

  const Plan& plan_;
  std::vector<Candidate>& found_;
};

// Whether the text holds an escaped NUL (`\u0000`): valid JSON that PostgreSQL and others cannot
// keep.
bool has_escaped_nul(std::string_view json) {
  for (auto at = json.find("\\u0000"); at != std::string_view::npos;
       at = json.find("\\u0000", at + 1)) {
    std::size_t backslashes = 1;
    while (backslashes <= at && json[at - backslashes] == '\\') ++backslashes;
    if (backslashes % 2 == 1) return true;
  }
  return false;
}

std::string_view lower_case(std::string_view text, EventBatch& batch) {
  const auto upper = [](char c) { return c >= 'A' && c <= 'Z'; };
  if (std::none_of(text.begin(), text.end(), upper)) return text;
  char* copy = batch.allocate(text.size());
  std::transform(text.begin(), text.end(), copy,
                 [&](char c) { return upper(c) ? static_cast<char>(c - 'A' + 'a') : c; });
  return {copy, text.size()};
}

const char* json_problem(simdjson::error_code code) {
  switch (code) {
    case simdjson::UTF8_ERROR:
      return "not JSON: the text is not valid UTF-8";
    case simdjson::DEPTH_ERROR:
      return "not JSON that is read here: nested too deep";
    case simdjson::NUMBER_ERROR:
      return "not JSON that is read here: a number is malformed or out of range";
    case simdjson::STRING_ERROR:
      return "not JSON: a string has a bad escape or half a surrogate pair";
    case simdjson::UNESCAPED_CHARS:
      return "not JSON: a string holds an unescaped control character";
    case simdjson::UNCLOSED_STRING:
      return "not JSON: a string is not closed";
    case simdjson::EMPTY:
      return "not JSON: the text is empty";
    default:
      return "not JSON: the structure is broken";
  }
}

}  // namespace

bool is_not_json(const std::vector<FieldError>& errors) {
  return errors.size() == 1 && errors.front().path == "$" &&
         errors.front().problem.starts_with("not JSON");
}

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

  bool refuse(std::vector<FieldError>& errors, std::string path, std::string problem,
              std::string expected) {
    errors.push_back({std::move(path), std::move(problem), std::move(expected)});
    return false;
  }

  bool parse(std::string_view json, EventBatch& batch, std::string_view& body, element& root,
             std::vector<FieldError>& errors);
  bool find_type(const element& root, const TransportHints& hints, Event& event,
                 std::vector<FieldError>& errors);
  bool set_time(Event& event, const TransportHints& hints, const Plan& plan,
                std::vector<FieldError>& errors, std::vector<std::string_view>& warnings);
  void set_id(Event& event, const TransportHints& hints, std::string_view event_id);
  void convert_fields(const Plan& plan, EventBatch& batch, std::vector<FieldError>* errors);
  bool common_text(const Plan& plan, std::uint16_t slot, std::string_view& out,
                   std::vector<FieldError>* errors);
  bool common_texts(const Plan& plan, Event& event, EventBatch& batch,
                    std::vector<FieldError>* errors);
  void join_common(const Plan& plan, Event& event, std::vector<FieldError>* errors);
};

bool Decoder::Impl::parse(std::string_view json, EventBatch& batch, std::string_view& body,
                          element& root, std::vector<FieldError>& errors) {
  if (json.size() > options.max_event_bytes * 2) {
    return refuse(errors, "$", "an event of " + std::to_string(json.size()) + " bytes",
                  "at most " + std::to_string(options.max_event_bytes) + " bytes");
  }
  const std::size_t reserved = json.size() + simdjson::SIMDJSON_PADDING;
  char* text = batch.allocate(reserved);
  // Parsed as it came: minifying first would join `1 2` to `12`. The parser keeps nothing of
  // `text`.
  std::memcpy(text, json.data(), json.size());
  const auto* bytes = reinterpret_cast<const std::uint8_t*>(text);
  auto code = parser.parse(bytes, json.size(), false).get(root);
  std::size_t length = 0;
  if (code == simdjson::SUCCESS) {
    code = simdjson::minify(json.data(), json.size(), text, length);
  }
  if (code == simdjson::SUCCESS && length > options.max_event_bytes) {
    batch.shrink_last(text, reserved, 0);
    return refuse(errors, "$", "an event of " + std::to_string(length) + " bytes",
                  "at most " + std::to_string(options.max_event_bytes) + " bytes");
  }
  body = {text, length};
  const char* problem = nullptr;
  if (code != simdjson::SUCCESS) {
    problem = json_problem(code);
  } else if (!root.is_object()) {
    problem = "not a JSON object";
  } else if (has_escaped_nul(body)) {
    problem = "a string holds the character U+0000";
  }
  if (problem != nullptr) {
    batch.shrink_last(text, reserved, 0);
    return refuse(errors, "$", problem,
                  code == simdjson::SUCCESS && root.is_object()
                      ? "text without U+0000, which sinks cannot keep"
                      : "one JSON object (RFC 8259)");
  }
  batch.shrink_last(text, reserved, length);
  return true;
}

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

bool Decoder::Impl::set_time(Event& event, const TransportHints& hints, const Plan& plan,
                             std::vector<FieldError>& errors,
                             std::vector<std::string_view>& warnings) {
  const Candidate& found = candidates[kTime];
  if (found.state == Candidate::State::kElement) {
    std::optional<ParsedTime> parsed;
    if (found.value.is_string()) {
      parsed = parse_time(found.value.get_string().value_unsafe(), options.default_zone);
    } else if (std::int64_t whole = 0; found.value.get_int64().get(whole) == simdjson::SUCCESS) {
      if (auto time = time_from_epoch(whole)) parsed = ParsedTime{*time, false};
    } else if (double real = 0; found.value.get_double().get(real) == simdjson::SUCCESS) {
      if (auto time = time_from_epoch(real)) parsed = ParsedTime{*time, false};
    }
    if (!parsed) {
      return refuse(errors, plan.path(kTime, found.rank), describe(found.value),
                    "an RFC 3339 time or an epoch in s, ms, µs or ns, from 1970 to 2261");
    }
    event.time = parsed->time;
    event.zone_assumed = parsed->zone_assumed;
    if (event.zone_assumed) warnings.push_back("zone_assumed");
  } else if (hints.time) {
    event.time = *hints.time;
    event.time_source = TimeSource::kTransport;
  } else {
    event.time = hints.received;
    event.time_source = TimeSource::kArrival;
    warnings.push_back("no_time");
    return true;
  }
  const auto ahead = event.time - hints.received;
  if (ahead > options.max_future || -ahead > options.max_age) {
    const std::string path =
        found.state == Candidate::State::kElement ? plan.path(kTime, found.rank) : "$";
    return refuse(errors, path, format_time(event.time),
                  ahead > options.max_future
                      ? "a time at most the configured max_future ahead of arrival"
                      : "a time at most the configured max_age before arrival");
  }
  if (ahead > std::chrono::minutes(1)) warnings.push_back("future_time");
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

void Decoder::Impl::convert_fields(const Plan& plan, EventBatch& batch,
                                   std::vector<FieldError>* errors) {
  values.assign(plan.slots() - kCommonSlots, {});
  if (plan.type == nullptr) return;
  for (std::size_t i = 0; i < values.size(); ++i) {
    const Field& field = plan.type->fields[i];
    const auto slot = static_cast<std::uint16_t>(kCommonSlots + i);
    const Candidate& found = candidates[slot];
    if (found.state == Candidate::State::kNone) {
      if (!field.default_value.empty()) values[i] = text_value(field.default_value);
      continue;
    }
    FieldProblem problem;
    if (found.state == Candidate::State::kElement) {
      problem = convert(found.value, field, batch, values[i]);
      if (!field.scales.empty() && found.value.is_number())
        values[i].real *= field.scales[found.rank];
    } else {
      problem = convert_number(found.number, field, values[i]);
    }
    if (errors != nullptr && !problem.expected.empty()) {
      errors->push_back(
          {plan.path(slot, found.rank), std::move(problem.found), std::move(problem.expected)});
    }
  }
}

bool Decoder::Impl::common_text(const Plan& plan, std::uint16_t slot, std::string_view& out,
                                std::vector<FieldError>* errors) {
  const Candidate& found = candidates[slot];
  if (found.state != Candidate::State::kElement) return true;
  if (found.value.get_string().get(out) == simdjson::SUCCESS && out.size() <= kMaxIndexedText)
    return true;
  out = {};
  if (plan.own[slot]) return true;  // judged as the type's own field
  if (errors == nullptr) return false;
  return refuse(*errors, plan.path(slot, found.rank), describe(found.value),
                "a text of at most " + std::to_string(kMaxIndexedText) + " bytes");
}

bool Decoder::Impl::common_texts(const Plan& plan, Event& event, EventBatch& batch,
                                 std::vector<FieldError>* errors) {
  bool good = common_text(plan, kSource, event.source, errors);
  good &= common_text(plan, kWorkload, event.workload, errors);
  good &= common_text(plan, kCluster, event.cluster, errors);
  good &= common_text(plan, kSeverity, event.severity, errors);
  good &= common_text(plan, kActor, event.actor, errors);
  if (candidates[kReason].state == Candidate::State::kElement &&
      candidates[kReason].value.get_string().get(event.reason) != simdjson::SUCCESS) {
    event.reason = {};
  }
  event.severity = lower_case(event.severity, batch);
  return good;
}

// A type's own field of a common name (cluster, workload, …) and the common one are the same thing.
void Decoder::Impl::join_common(const Plan& plan, Event& event, std::vector<FieldError>* errors) {
  const std::array<std::string_view*, kCommonSlots> texts{
      nullptr,        nullptr,         &event.source, &event.workload,
      &event.cluster, &event.severity, &event.actor,  &event.reason};
  for (std::uint16_t slot = kSource; slot < kCommonSlots; ++slot) {
    if (!plan.own[slot]) continue;
    FieldValue& own = values[*plan.own[slot]];
    if (own.kind == FieldValue::Kind::kText) *texts[slot] = own.text;
    if (!texts[slot]->empty()) own = text_value(*texts[slot]);
    if (errors != nullptr && slot != kReason && texts[slot]->size() > kMaxIndexedText) {
      errors->push_back({std::string(kCommonNames[slot]), describe(*texts[slot]),
                         "a text of at most " + std::to_string(kMaxIndexedText) + " bytes"});
    }
  }
  if (plan.type == nullptr || errors == nullptr) return;
  for (std::size_t i = 0; i < values.size(); ++i) {
    const Field& field = plan.type->fields[i];
    if (field.required && !values[i].present() &&
        candidates[kCommonSlots + i].state == Candidate::State::kNone) {
      errors->push_back(
          {field.paths.empty() ? field.name : field.paths.front(), "missing", expected_of(field)});
    }
  }
}

Decoder::Decoder(const Catalogue& catalogue, DecodeOptions options)
    : impl_(std::make_unique<Impl>(catalogue, std::move(options))) {}
Decoder::~Decoder() = default;
Decoder::Decoder(Decoder&&) noexcept = default;
const DecodeOptions& Decoder::options() const { return impl_->options; }

bool Decoder::decode(std::string_view json, const TransportHints& hints, EventBatch& batch,
                     std::vector<FieldError>& errors, std::vector<std::string_view>& warnings) {
  const std::size_t errors_before = errors.size();
  const std::size_t warnings_before = warnings.size();
  Event event;
  element root;
  if (!impl_->parse(json, batch, event.body, root, errors)) return false;
  if (!impl_->find_type(root, hints, event, errors)) return false;
  const Plan& plan = event.type != nullptr ? impl_->plans[event.type->index] : impl_->unknown;
  Walk(plan, impl_->candidates).object(plan.tree.root(), root.get_object().value_unsafe());
  event.received = hints.received;
  impl_->set_time(event, hints, plan, errors, warnings);
  impl_->common_texts(plan, event, batch, &errors);
  impl_->convert_fields(plan, batch, &errors);
  impl_->join_common(plan, event, &errors);
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
  Walk(plan, impl_->candidates).object(plan.tree.root(), root.get_object().value_unsafe());
  Event common;
  impl_->common_texts(plan, common, batch, nullptr);
  impl_->convert_fields(plan, batch, nullptr);
  impl_->join_common(plan, common, nullptr);
  event.actor = batch.keep(common.actor);
  event.reason = batch.keep(common.reason);
  event.fields = keep_fields(impl_->values, batch);
}

}  // namespace kcloud::core
