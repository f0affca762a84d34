// A file of rule tests (`*_test.yaml`): events that are given, and the alerts expected of them. Its
// shape is docs/rules.md, "Tests". Parsing is pure; every problem is collected with its place.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "config/yaml.h"
#include "core/catalogue.h"
#include "core/event.h"
#include "rules/alert.h"
#include "rules/rule.h"

namespace kcloud::cli {

// One event, or several alike.
struct GivenEvent {
  rules::Duration at{0};    // its time, from the start of the test
  rules::Duration late{0};  // how much later it arrives
  rules::Duration every{0};
  std::uint64_t count = 1;
  std::string body;                       // JSON; empty: type and fields
  const core::EventType* type = nullptr;  // of the catalogue
  // By name, as written; `{n}` in a value or a body is the number of the repetition, from 0.
  std::vector<std::pair<std::string, std::string>> fields;
  std::string collector = "test";
};

struct Expectation {
  enum class Kind : std::uint8_t { kFiring, kResolved, kNone };
  Kind kind = Kind::kFiring;
  std::string rule;  // `*` with kNone: any
  rules::Duration at{0};
  rules::Labels labels, annotations;  // those of an alert that must be so
  bool exact = false;                 // it has no other labels but `alertname`
  std::optional<double> value;        // within 1 %
  std::optional<rules::Duration> since;
  std::optional<std::uint64_t> count;  // so many alerts; by default one or more
  config::Place place;
};

struct TestCase {
  std::string name;
  config::Place place;
  std::vector<GivenEvent> events;
  std::vector<Expectation> expect;
};

struct TestFile {
  std::string name;                // its path
  std::vector<std::string> rules;  // paths of rule files, from the test file's folder
  core::Time start;
  std::vector<TestCase> tests;
};

TestFile parse_test_file(const std::string& text, const std::string& name,
                         const core::Catalogue& catalogue, config::Problems& problems);

// Reports expected rules that the set has not.
void check_rule_names(const TestFile& file, const rules::RuleSet& rules,
                      config::Problems& problems);

// The events in the order of their arrival. What is wrong with one goes to `problem`, with its
// place in `given`. `given` must outlive the batch.
using EventProblem = std::function<void(std::size_t index, const std::string& message)>;
core::EventBatch arrivals(const std::vector<GivenEvent>& given, core::Time start,
                          const core::Catalogue& catalogue, const EventProblem& problem);

}  // namespace kcloud::cli
