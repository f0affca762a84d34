// The events that a rule test gives, decoded like any other. Fields by name become the JSON that a
// publisher would post: each at the first of its paths.
#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <map>
#include <optional>

#include "agent/cli/rules_test_file.h"
#include "core/decode.h"
#include "core/json.h"

namespace kcloud::cli {
namespace {

using Report = std::function<void(const std::string&)>;
constexpr std::uint64_t kMostElements = 1000;

std::string numbered(std::string text, std::uint64_t number) {
  constexpr std::string_view kPlace = "{n}";
  for (std::size_t at = text.find(kPlace); at != std::string::npos; at = text.find(kPlace, at))
    text.replace(at, kPlace.size(), std::to_string(number));
  return text;
}

bool is_number(std::string_view text) {
  double value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  return error == std::errc() && end == text.data() + text.size();
}

// A JSON value that is put together path by path.
struct Json {
  std::string scalar;  // JSON; empty: an object
  std::map<std::string, Json, std::less<>> members;
  std::optional<std::uint64_t> elements;  // so many of it in an array

  // nullptr: there is a scalar on the way.
  Json* at(std::string_view path) {
    if (!scalar.empty()) return nullptr;
    if (path.empty()) return this;
    const std::size_t end = std::min(path.find('.'), path.size());
    std::string_view key = path.substr(0, end);
    const bool array = key.ends_with("[]");
    if (array) key.remove_suffix(2);
    Json& member = members.try_emplace(std::string(key)).first->second;
    if (array && !member.elements) member.elements = 1;
    return member.at(path.substr(std::min(end + 1, path.size())));
  }

  void append(std::string& out) const {
    if (!elements) return append_one(out);
    out += '[';
    for (std::uint64_t i = 0; i < *elements; ++i) {
      core::append_comma(out);
      append_one(out);
    }
    out += ']';
  }

 private:
  void append_one(std::string& out) const {
    out += scalar;
    if (!scalar.empty()) return;
    out += '{';
    for (const auto& [key, member] : members) {
      core::append_comma(out);
      core::append_json_string(out, key);
      out += ':';
      member.append(out);
    }
    out += '}';
  }
};

const core::Field* own_field(const core::EventType& type, std::string_view name) {
  const auto slot = type.slot(name);
  return slot ? &type.fields[*slot] : nullptr;
}

std::string path_of(const core::EventType& type, std::string_view name) {
  if (const core::Field* field = own_field(type, name)) return field->paths.front();
  for (const core::CommonField& common : core::common_fields())
    if (common.name == name) return (type.common.*common.paths).front();
  return std::string(name);
}

std::string json_of(const core::Field* field, const std::string& text) {
  const auto type = field != nullptr ? field->type : core::FieldType::kText;
  const bool number = type == core::FieldType::kInteger || type == core::FieldType::kReal;
  if (type == core::FieldType::kJson || type == core::FieldType::kBoolean ||
      (number && is_number(text)))
    return text;
  std::string out;
  core::append_json_string(out, text);
  return out;
}

void put(Json& body, const core::EventType& type, const std::string& name, const std::string& text,
         const Report& report) {
  const core::Field* field = own_field(type, name);
  const std::string path = path_of(type, name);
  Json* place = body.at(path);
  const bool counted = field != nullptr && field->reduce == core::Reduce::kCount;
  if (place == nullptr || (!counted && !place->members.empty()))
    return report(fmt::format("field '{}' stands where another one does: give a `body`", name));
  if (!counted) {
    place->scalar = json_of(field, text);
    return;
  }
  std::uint64_t elements = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), elements);
  if (error != std::errc() || end != text.data() + text.size() || elements > kMostElements)
    return report(fmt::format("field '{}': expected a number up to {}, found '{}'", name,
                              kMostElements, text));
  place->elements = elements;
}

// What an event must have and the test does not care about.
std::string filler(const core::Field& field) {
  if (!field.example.empty()) return field.example;
  return field.values.empty() ? "1" : field.values.front();
}

std::string body_of(const GivenEvent& given, std::uint64_t number, const Report& report) {
  const core::EventType& type = *given.type;
  Json body;
  put(body, type, "type", type.name, report);
  for (const auto& [name, text] : given.fields)
    put(body, type, name, numbered(text, number), report);
  for (const core::Field& field : type.fields) {
    const auto is_it = [&](const auto& pair) {
      return path_of(type, pair.first) == field.paths.front();
    };
    if (field.required && std::ranges::none_of(given.fields, is_it))
      put(body, type, field.name, filler(field), report);
  }
  std::string out;
  body.append(out);
  return out;
}

core::DecodeOptions lenient() {
  core::DecodeOptions options;
  options.max_future = options.max_age = std::chrono::nanoseconds::max();
  return options;
}

class Arrivals {
 public:
  Arrivals(core::Time start, const core::Catalogue& catalogue, core::EventBatch& batch)
      : start_(start), decoder_(catalogue, lenient()), batch_(batch) {}

  void add(const GivenEvent& given, std::uint64_t number, const Report& report) {
    const std::string body =
        given.body.empty() ? body_of(given, number, report) : numbered(given.body, number);
    core::TransportHints hints;
    hints.received =
        start_ + given.at + given.every * static_cast<std::int64_t>(number) + given.late;
    hints.collector = given.collector;
    std::vector<core::FieldError> errors;
    std::vector<std::string_view> warnings;
    if (!decoder_.decode(body, hints, batch_, errors, warnings)) {
      for (const auto& error : errors)
        report(fmt::format("{}: {}, expected {}", error.path, error.problem, error.expected));
      return;
    }
    core::Event& event = batch_.events.back();
    event.time = hints.received - given.late;
    event.id = core::make_event_id(event.time,
                                   core::key_digest("test", std::to_string(batch_.events.size())));
  }

 private:
  const core::Time start_;
  core::Decoder decoder_;
  core::EventBatch& batch_;
};

}  // namespace

core::EventBatch arrivals(const std::vector<GivenEvent>& given, core::Time start,
                          const core::Catalogue& catalogue, const EventProblem& problem) {
  core::EventBatch batch;
  Arrivals arrivals(start, catalogue, batch);
  for (std::size_t i = 0; i < given.size(); ++i) {
    bool right = !given[i].body.empty() || given[i].type != nullptr;
    const auto report = [&](const std::string& message) {
      right = false;
      problem(i, message);
    };
    for (std::uint64_t number = 0; right && number < given[i].count; ++number)
      arrivals.add(given[i], number, report);
  }
  std::ranges::stable_sort(batch.events, {}, &core::Event::received);
  return batch;
}

}  // namespace kcloud::cli
