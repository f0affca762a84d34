#include "core/cloudevents.h"

#include <openssl/evp.h>
#include <simdjson.h>

#include <algorithm>
#include <utility>

namespace kcloud::core {

namespace {

namespace ondemand = simdjson::ondemand;

enum Attribute : std::size_t {
  kSpecversion,
  kId,
  kSource,
  kType,
  kSubject,
  kTime,
  kDataContentType
};
constexpr std::size_t kMaxIndexedText = 1024;  // as in bodies: source and workload are looked up
constexpr std::string_view kObject = "one JSON object (text that holds JSON is not unwrapped)";

bool is_digit(char c) { return c >= '0' && c <= '9'; }

bool is_json_type(std::string_view type) {
  type = type.substr(0, type.find(';'));
  while (type.ends_with(' ') || type.ends_with('\t')) type.remove_suffix(1);
  std::string lower(type);
  for (char& c : lower) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c | 0x20);
  }
  return lower == "application/json" || lower == "text/json" || lower.ends_with("+json");
}

// RFC 3339 alone: not the epochs and zone-less times that bodies may have.
std::optional<Time> rfc3339(std::string_view text, const Zone& utc) {
  if (text.size() < 20 || text[4] != '-') return std::nullopt;
  const auto parsed = parse_time(text, utc);
  if (!parsed || parsed->zone_assumed) return std::nullopt;
  return parsed->time;
}

// RFC 4648 section 4, padded. False when it is none.
bool from_base64(std::string_view text, std::string& out) {
  static constexpr std::string_view kAlphabet =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  const std::size_t padding = text.ends_with("==") ? 2 : text.ends_with('=') ? 1 : 0;
  const bool whole = !text.empty() && text.size() % 4 == 0;
  if (!whole || text.substr(0, text.size() - padding).find_first_not_of(kAlphabet) !=
                    std::string_view::npos) {
    return false;
  }
  out.resize(text.size() / 4 * 3);
  const int size = EVP_DecodeBlock(reinterpret_cast<unsigned char*>(out.data()),
                                   reinterpret_cast<const unsigned char*>(text.data()),
                                   static_cast<int>(text.size()));
  if (size < 0) return false;
  out.resize(static_cast<std::size_t>(size) - padding);
  return true;
}

// What stands there, for errors.
std::string describe(std::string_view text) {
  constexpr std::size_t kShown = 64;
  std::string out = "'";
  for (const char c : text.substr(0, kShown)) {
    out.push_back(static_cast<unsigned char>(c) < 0x20 || c == 0x7F ? '?' : c);
  }
  return out + (text.size() > kShown ? "…'" : "'");
}

const char* describe(ondemand::json_type type) {
  switch (type) {
    case ondemand::json_type::array:
      return "an array";
    case ondemand::json_type::object:
      return "an object";
    case ondemand::json_type::number:
      return "a number";
    case ondemand::json_type::string:
      return "a text";
    case ondemand::json_type::boolean:
      return "a boolean";
    default:
      return "null";
  }
}

}  // namespace

std::optional<std::size_t> find_cloud_attribute(std::string_view name) {
  const auto found = std::find(kCloudAttributes.begin(), kCloudAttributes.end(), name);
  if (found == kCloudAttributes.end()) return std::nullopt;
  return static_cast<std::size_t>(found - kCloudAttributes.begin());
}

const EventType* find_cloud_type(const Catalogue& catalogue, std::string_view type) {
  if (const EventType* exact = catalogue.find_endpoint(type)) return exact;
  std::size_t end = type.size();
  while (end > 0 && is_digit(type[end - 1])) --end;
  const bool version = end < type.size() && end >= 2 && type[end - 1] == 'v' &&
                       (type[end - 2] == '.' || type[end - 2] == '/');
  if (version) type = type.substr(0, end - 2);
  return catalogue.find_endpoint(type.substr(type.find_last_of("./") + 1));
}

// Members of one event in the JSON format, gathered before they are judged.
struct CloudEventReader::Impl {
  ondemand::parser parser;
  simdjson::dom::parser strict;
  std::string text;  // the event with the parser's padding
  std::string key;
  std::string decoded;  // data_base64
  Zone utc;

  // Of the event being read:
  CloudAttributes attributes;
  std::string_view data, data_base64;
  bool has_data = false, has_base64 = false;

  simdjson::error_code members(std::string_view json, std::vector<FieldError>& errors);
  simdjson::error_code member(std::string_view name, ondemand::value value, std::string_view json,
                              std::vector<FieldError>& errors);
  simdjson::error_code extension(ondemand::value value, ondemand::json_type type);
  void check_data(std::vector<FieldError>& errors);
  void check_texts(std::string_view prefix, const CloudAttributes& given,
                   std::vector<FieldError>& errors) const;
};

simdjson::error_code CloudEventReader::Impl::members(std::string_view json,
                                                     std::vector<FieldError>& errors) {
  attributes = {};
  data = data_base64 = {};
  has_data = has_base64 = false;
  text.reserve(json.size() + simdjson::SIMDJSON_PADDING);
  text.assign(json);
  ondemand::document document;
  ondemand::object object;
  const simdjson::padded_string_view padded(text.data(), text.size(), text.capacity());
  if (auto code = parser.iterate(padded).get(document)) return code;
  if (auto code = document.get_object().get(object)) return code;
  for (auto field : object) {
    std::string_view name;
    ondemand::value value;
    if (auto code = field.unescaped_key().get(name)) return code;
    if (auto code = field.value().get(value)) return code;
    if (auto code = member(name, value, json, errors)) return code;
  }
  return document.current_location().error() == simdjson::OUT_OF_BOUNDS
             ? simdjson::SUCCESS
             : simdjson::TRAILING_CONTENT;
}

simdjson::error_code CloudEventReader::Impl::member(std::string_view name, ondemand::value value,
                                                    std::string_view json,
                                                    std::vector<FieldError>& errors) {
  ondemand::json_type type{};
  if (auto code = value.type().get(type)) return code;
  const auto twice = [&] { errors.push_back({std::string(name), "there twice", "one of it"}); };
  if (name == "data") {
    if (std::exchange(has_data, true)) twice();
    if (type != ondemand::json_type::object) {
      errors.push_back({"data", describe(type), std::string(kObject)});
      return extension(value, type);
    }
    ondemand::object object;
    std::string_view slice;
    if (auto code = value.get_object().get(object)) return code;
    if (auto code = object.raw_json().get(slice)) return code;
    data = json.substr(static_cast<std::size_t>(slice.data() - text.data()), slice.size());
    return simdjson::SUCCESS;
  }
  const bool base64 = name == "data_base64";
  const auto index = find_cloud_attribute(name);
  if ((!base64 && !index) || type == ondemand::json_type::null) return extension(value, type);
  if (type != ondemand::json_type::string) {
    errors.push_back({std::string(name), describe(type), "a text"});
    if (base64) has_base64 = true;
    if (index) attributes[*index] = std::nullopt;
    return extension(value, type);
  }
  std::string_view found;
  if (auto code = value.get_string().get(found)) return code;
  if (base64) {
    if (std::exchange(has_base64, true)) twice();
    data_base64 = found;
  } else {
    if (attributes[*index]) twice();
    attributes[*index] = found;
  }
  return simdjson::SUCCESS;
}

// What is not kept must be JSON all the same.
simdjson::error_code CloudEventReader::Impl::extension(ondemand::value value,
                                                       ondemand::json_type type) {
  std::string_view raw;
  switch (type) {
    case ondemand::json_type::object: {
      ondemand::object object;
      if (auto code = value.get_object().get(object)) return code;
      if (auto code = object.raw_json().get(raw)) return code;
      break;
    }
    case ondemand::json_type::array: {
      ondemand::array array;
      if (auto code = value.get_array().get(array)) return code;
      if (auto code = array.raw_json().get(raw)) return code;
      break;
    }
    case ondemand::json_type::number:
      return value.get_number().error();
    case ondemand::json_type::string:
      return value.get_string().error();
    case ondemand::json_type::boolean:
      return value.get_bool().error();
    default:
      bool null = false;
      if (auto code = value.is_null().get(null)) return code;
      return null ? simdjson::SUCCESS : simdjson::N_ATOM_ERROR;
  }
  return strict.parse(raw.data(), raw.size(), true).error();
}

void CloudEventReader::Impl::check_data(std::vector<FieldError>& errors) {
  const auto& type = attributes[kDataContentType];
  if (type && !type->empty() && !is_json_type(*type)) {
    errors.push_back(
        {"datacontenttype", describe(*type), "application/json, or another JSON type"});
  }
  if (has_data && has_base64) {
    errors.push_back({"data_base64", "there beside `data`", "one of the two"});
  } else if (!has_data && !has_base64) {
    errors.push_back({"data", "missing", std::string(kObject)});
  } else if (has_base64 && data_base64.data() != nullptr) {
    if (!from_base64(data_base64, decoded)) {
      errors.push_back(
          {"data_base64", describe(data_base64), "base64 (RFC 4648) of a JSON object"});
    }
    data = decoded;
  }
}

void CloudEventReader::Impl::check_texts(std::string_view prefix, const CloudAttributes& given,
                                         std::vector<FieldError>& errors) const {
  static constexpr std::array<std::string_view, 4> kExpected = {
      "1.0", "a text that is unique within its source", "a URI reference, such as /schedulers/main",
      "the name of an event type"};
  const auto fail = [&](std::size_t index, std::string problem, std::string_view expected) {
    const std::string path = std::string(prefix).append(kCloudAttributes[index]);
    const bool known = std::any_of(errors.begin(), errors.end(),
                                   [&](const FieldError& error) { return error.path == path; });
    if (!known) errors.push_back({path, std::move(problem), std::string(expected)});
  };
  for (std::size_t i = 0; i < given.size(); ++i) {
    const std::string_view value = given[i].value_or(std::string_view());
    const bool control = std::any_of(value.begin(), value.end(),
                                     [](unsigned char c) { return c < 0x20 || c == 0x7F; });
    if (value.empty() && i <= kType) {
      fail(i, given[i] ? "empty" : "missing", kExpected[i]);
    } else if (control || !simdjson::validate_utf8(value.data(), value.size())) {
      fail(i, control ? "a control character in " + describe(value) : "not UTF-8",
           "a text of printable characters");
    } else if ((i == kSource || i == kSubject) && value.size() > kMaxIndexedText) {
      fail(i, std::to_string(value.size()) + " bytes",
           "at most " + std::to_string(kMaxIndexedText) + " bytes");
    }
  }
  const std::string_view version = given[kSpecversion].value_or(std::string_view());
  if (!version.empty() && !(version.size() >= 3 && version.starts_with("1.") &&
                            std::all_of(version.begin() + 2, version.end(), is_digit))) {
    fail(kSpecversion, describe(version), kExpected[kSpecversion]);
  }
}

CloudEventReader::CloudEventReader() : impl_(std::make_unique<Impl>()) {}
CloudEventReader::~CloudEventReader() = default;
CloudEventReader::CloudEventReader(CloudEventReader&&) noexcept = default;

std::optional<CloudEvent> CloudEventReader::read(std::string_view json, std::size_t max_bytes,
                                                 std::vector<FieldError>& errors) {
  if (json.size() > max_bytes) {
    errors.push_back({"$", "an event of " + std::to_string(json.size()) + " bytes",
                      "at most " + std::to_string(max_bytes) + " bytes"});
    return std::nullopt;
  }
  if (!json.starts_with('{')) {
    errors.push_back({"$", "not a JSON object", "one CloudEvent as a JSON object"});
    return std::nullopt;
  }
  if (const auto code = impl_->members(json, errors)) {
    errors.clear();
    errors.push_back({"$", std::string("not JSON: ") + simdjson::error_message(code),
                      "one CloudEvent as a JSON object"});
    return std::nullopt;
  }
  impl_->check_data(errors);
  return check(impl_->attributes, "", impl_->data, errors);
}

std::optional<CloudEvent> CloudEventReader::check(const CloudAttributes& attributes,
                                                  std::string_view prefix, std::string_view data,
                                                  std::vector<FieldError>& errors) {
  impl_->check_texts(prefix, attributes, errors);
  CloudEvent event;
  if (attributes[kTime] && !attributes[kTime]->empty()) {
    event.time = rfc3339(*attributes[kTime], impl_->utc);
    if (!event.time) {
      errors.push_back({std::string(prefix).append("time"), describe(*attributes[kTime]),
                        "an RFC 3339 time with its zone, such as 2025-01-15T10:30:00Z"});
    }
  }
  if (!errors.empty()) return std::nullopt;
  event.source = *attributes[kSource];
  event.type = *attributes[kType];
  event.subject = attributes[kSubject].value_or(std::string_view());
  impl_->key = std::to_string(event.source.size());
  impl_->key.append(":").append(event.source).append(*attributes[kId]);
  event.key = impl_->key;
  event.data = data;
  return event;
}

bool apply_cloud_event(const CloudEvent& event, const Catalogue& catalogue, std::string_view prefix,
                       TransportHints& hints, std::vector<FieldError>& errors) {
  if (const EventType* type = find_cloud_type(catalogue, event.type)) {
    if (!hints.type.empty() && !hints.type_is_default && hints.type != type->name) {
      errors.push_back({std::string(prefix) + "type",
                        "'" + std::string(event.type) + "', which is " + type->name,
                        "'" + std::string(hints.type) + "', as the endpoint says"});
      return false;
    }
    hints.type = type->name;
  } else if (hints.type.empty() || hints.type_is_default) {
    hints.type = event.type;
  }
  hints.type_is_default = false;
  hints.key_kind = "cloudevents";
  hints.key = event.key;
  hints.time = event.time;
  hints.source = event.source;
  hints.workload = event.subject;
  return true;
}

}  // namespace kcloud::core
