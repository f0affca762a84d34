#include "agent/cli/rules_test_file.h"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>

#include "config/suggest.h"

namespace kcloud::cli {
namespace {

using config::Section;
using rules::Duration;

constexpr Duration kLongest{std::chrono::hours(24 * 366)};
constexpr std::uint64_t kMostEvents = 1'000'000;  // of one entry
constexpr std::string_view kDefaultStart = "2025-01-15T00:00:00Z";

template <typename Value>
std::optional<Value> read_if(Section& section, const char* key, Value value) {
  if (!section.has(key)) return std::nullopt;
  section.read(key, value);
  return value;
}

void read_duration(Section& section, const char* key, Duration& target) {
  section.read(key, target, Duration(0), kLongest);
}

void read_type(Section& section, const core::Catalogue& catalogue, GivenEvent& event) {
  std::string name;
  section.read("type", name);
  if (name.empty()) return;
  event.type = catalogue.find_endpoint(name);
  if (event.type == nullptr) section.fail("type", config::no_event_type(name, catalogue));
}

bool is_common(std::string_view name) {
  return std::ranges::any_of(core::common_fields(),
                             [&](const core::CommonField& field) { return field.name == name; });
}

void read_fields(Section& section, GivenEvent& event) {
  Section fields = section.section("fields");
  for (const std::string& key : fields.keys()) {
    std::string value;
    fields.read(key, value);
    event.fields.emplace_back(key, value);
    if (event.type == nullptr || event.type->slot(key) || is_common(key)) continue;
    std::vector<std::string> known;
    for (const core::Field& field : event.type->fields) known.push_back(field.name);
    fields.fail(key, fmt::format("event type '{}' has no field '{}'{}", event.type->name, key,
                                 config::did_you_mean(key, known)));
  }
}

GivenEvent read_event(Section& section, const core::Catalogue& catalogue) {
  GivenEvent event;
  if (!section.has("at"))
    section.fail("", "`at` is missing: the event's time from the start, as 30s");
  read_duration(section, "at", event.at);
  read_duration(section, "late", event.late);
  section.read("body", event.body);
  section.read("collector", event.collector);
  read_type(section, catalogue, event);
  if (section.has("body") == section.has("type"))
    section.fail("", "an event has either `body`, a JSON text, or `type` and `fields`");
  read_fields(section, event);
  if (section.has("repeat")) {
    Section repeat = section.section("repeat");
    for (const char* key : {"every", "count"})
      if (!repeat.has(key)) repeat.fail("", fmt::format("`{}` is missing", key));
    read_duration(repeat, "every", event.every);
    repeat.read("count", event.count, 1, kMostEvents);
  }
  return event;
}

void read_kind(Section& section, Expectation& expectation) {
  constexpr std::pair<const char*, Expectation::Kind> kKinds[] = {
      {"firing", Expectation::Kind::kFiring},
      {"resolved", Expectation::Kind::kResolved},
      {"none", Expectation::Kind::kNone}};
  int found = 0;
  for (const auto& [key, kind] : kKinds) {
    if (!section.has(key)) continue;
    ++found;
    expectation.kind = kind;
    section.read(key, expectation.rule);
  }
  if (found != 1)
    section.fail("", "expected exactly one of `firing`, `resolved` and `none` with a rule's name");
  if (expectation.rule == "*" && expectation.kind != Expectation::Kind::kNone)
    section.fail("", "`*` goes with `none` alone: name a rule");
}

Expectation read_expectation(Section section) {
  Expectation expectation;
  expectation.place = section.place();
  if (!section.has("at")) section.fail("", "`at` is missing: when it is so, from the start, as 5m");
  read_duration(section, "at", expectation.at);
  read_kind(section, expectation);
  section.read("labels", expectation.labels);
  section.read("exact", expectation.exact);
  if (expectation.kind == Expectation::Kind::kNone) return expectation;
  section.read("annotations", expectation.annotations);
  expectation.value = read_if(section, "value", 0.0);
  if (section.has("since")) read_duration(section, "since", expectation.since.emplace());
  if (section.has("count")) section.read("count", expectation.count.emplace(1), 1, kMostEvents);
  return expectation;
}

std::vector<GivenEvent> read_events(Section& test, core::Time start,
                                    const core::Catalogue& catalogue) {
  std::vector<GivenEvent> events;
  auto sections = test.list("events");
  events.reserve(sections.size());
  for (Section& section : sections) events.push_back(read_event(section, catalogue));
  // The first of each is decoded to see whether it can be.
  auto firsts = events;
  for (GivenEvent& event : firsts) event.count = 1;
  arrivals(firsts, start, catalogue, [&](std::size_t index, const std::string& message) {
    sections[index].fail(events[index].body.empty() ? "fields" : "body", message);
  });
  return events;
}

TestCase read_test(Section section, core::Time start, const core::Catalogue& catalogue) {
  TestCase test;
  test.place = section.place();
  section.read("name", test.name);
  if (test.name.empty()) section.fail("", "`name` is missing");
  test.events = read_events(section, start, catalogue);
  for (Section& expectation : section.list("expect"))
    test.expect.push_back(read_expectation(std::move(expectation)));
  if (test.expect.empty()) section.fail("expect", "a test expects something");
  return test;
}

core::Time read_start(Section& root) {
  std::string text(kDefaultStart);
  root.read("start", text);
  const auto parsed = core::parse_time(text, core::Zone());
  if (!parsed)
    root.fail("start",
              fmt::format("'{}' is no time, expected RFC 3339 as {}", text, kDefaultStart));
  return parsed ? parsed->time : core::Time();
}

// `power_test.yaml` tests `power.yaml` where it names no other.
std::string tested_by(const std::string& name) {
  const std::filesystem::path path(name);
  std::string stem = path.stem().string();
  if (stem.ends_with("_test")) stem.resize(stem.size() - 5);
  return stem + path.extension().string();
}

}  // namespace

TestFile parse_test_file(const std::string& text, const std::string& name,
                         const core::Catalogue& catalogue, config::Problems& problems) {
  TestFile file;
  file.name = name;
  Section root = Section::parse(text, name, problems);
  std::uint32_t version = 0;
  root.read("version", version, 1, 1);
  if (version == 0 && !root.empty()) root.fail("version", "`version: 1` is missing");
  root.read("rules", file.rules);
  if (file.rules.empty()) file.rules.push_back(tested_by(name));
  file.start = read_start(root);
  for (Section& section : root.list("tests"))
    file.tests.push_back(read_test(std::move(section), file.start, catalogue));
  if (file.tests.empty() && problems.empty()) root.fail("tests", "there are no tests");
  root.finish();
  return file;
}

void check_rule_names(const TestFile& file, const rules::RuleSet& rules,
                      config::Problems& problems) {
  std::vector<std::string> known{"*", "RuleOverflow"};
  for (const rules::Group& group : rules.groups)
    for (const rules::Rule& rule : group.rules) known.push_back(rule.name);
  for (const TestCase& test : file.tests) {
    for (const Expectation& expectation : test.expect) {
      const std::string& name = expectation.rule;
      if (name.empty() || std::ranges::find(known, name) != known.end()) continue;
      problems.push_back(
          {file.name, expectation.place.line, expectation.place.column,
           fmt::format("no rule '{}'{} in {}", name, config::did_you_mean(name, known),
                       config::joined(file.rules))});
    }
  }
}

}  // namespace kcloud::cli
