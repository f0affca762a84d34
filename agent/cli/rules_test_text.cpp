#include <fmt/format.h>

#include <algorithm>

#include "agent/cli/rules_test.h"
#include "core/json.h"

namespace kcloud::cli {
namespace {

std::string plural(std::size_t count, const char* noun) {
  return fmt::format("{} {}{}", count, noun, count == 1 ? "" : "s");
}

std::size_t failed(const TestedFile& tested) {
  return static_cast<std::size_t>(
      std::ranges::count_if(tested.results, [](const TestResult& result) { return !result.ok(); }));
}

std::string failure_text(const TestFile& file, const FailedExpectation& failure) {
  std::string out =
      fmt::format("  {}:{}:{}: expected {}\n", file.name, failure.expected->place.line,
                  failure.expected->place.column, to_string(*failure.expected));
  if (failure.got.empty()) out += "      got nothing\n";
  for (std::size_t i = 0; i < failure.got.size(); ++i)
    out += fmt::format("      {}{}\n", i == 0 ? "got " : "    ", failure.got[i]);
  return out;
}

std::string result_text(const TestFile& file, const TestCase& test, const TestResult& result) {
  std::string out = fmt::format("FAIL  {}:{}: {}\n", file.name, test.place.line, test.name);
  for (const std::string& problem : result.problems) out += "  " + problem + "\n";
  for (const FailedExpectation& failure : result.failures) out += failure_text(file, failure);
  return out;
}

void append_result(std::string& out, const TestFile& file, const TestCase& test,
                   const TestResult& result) {
  core::append_comma(out);
  out += '{';
  core::append_member(out, "file", file.name);
  core::append_key(out, "line");
  out += std::to_string(test.place.line);
  core::append_member(out, "name", test.name);
  core::append_key(out, "ok");
  out += result.ok() ? "true" : "false";
  core::append_key(out, "problems");
  out += '[';
  for (const std::string& problem : result.problems) {
    core::append_comma(out);
    core::append_json_string(out, problem);
  }
  out += ']';
  core::append_key(out, "failures");
  out += '[';
  for (const FailedExpectation& failure : result.failures) {
    core::append_comma(out);
    out += '{';
    core::append_key(out, "line");
    out += std::to_string(failure.expected->place.line);
    core::append_member(out, "expected", to_string(*failure.expected));
    core::append_key(out, "got");
    out += '[';
    for (const std::string& got : failure.got) {
      core::append_comma(out);
      core::append_json_string(out, got);
    }
    out += "]}";
  }
  out += "]}";
}

}  // namespace

std::vector<Uncovered> uncovered(const std::vector<std::string>& rules,
                                 const std::vector<TestedFile>& tested) {
  std::vector<Uncovered> missing;
  for (const std::string& rule : rules) {
    Uncovered one{rule};
    for (const TestedFile& file : tested)
      for (const TestCase& test : file.file.tests)
        for (const Expectation& expected : test.expect) {
          if (expected.rule != rule) continue;
          if (expected.kind == Expectation::Kind::kFiring) one.firing = true;
          if (expected.kind == Expectation::Kind::kNone) one.quiet = true;
        }
    if (!one.firing || !one.quiet) missing.push_back(std::move(one));
  }
  return missing;
}

std::string as_text(const std::vector<TestedFile>& tested) {
  std::string out;
  std::size_t tests = 0, failures = 0;
  for (const TestedFile& file : tested) {
    tests += file.results.size();
    failures += failed(file);
    if (failed(file) == 0)
      out += fmt::format("ok    {}: {}\n", file.file.name, plural(file.results.size(), "test"));
    for (std::size_t i = 0; i < file.results.size(); ++i)
      if (!file.results[i].ok()) out += result_text(file.file, file.file.tests[i], file.results[i]);
  }
  return out + fmt::format("{}, {} failed\n", plural(tests, "test"), failures);
}

std::string as_text(const std::vector<Uncovered>& missing) {
  std::string out;
  for (const Uncovered& one : missing)
    out += fmt::format("not covered: {} has no {}\n", one.rule,
                       one.firing  ? "test that expects `none` of it"
                       : one.quiet ? "test that expects it firing"
                                   : "test");
  return out;
}

std::string as_json(const std::vector<TestedFile>& tested, const std::vector<Uncovered>& missing,
                    const config::Problems& problems) {
  std::string out = "{";
  core::append_key(out, "tests");
  out += '[';
  for (const TestedFile& file : tested)
    for (std::size_t i = 0; i < file.results.size(); ++i)
      append_result(out, file.file, file.file.tests[i], file.results[i]);
  out += ']';
  core::append_key(out, "not_covered");
  out += '[';
  for (const Uncovered& one : missing) {
    core::append_comma(out);
    out += '{';
    core::append_member(out, "rule", one.rule);
    out += fmt::format(R"(,"firing":{},"quiet":{}}})", one.firing, one.quiet);
  }
  out += ']';
  core::append_key(out, "problems");
  out += '[';
  for (const config::Problem& problem : problems) {
    core::append_comma(out);
    core::append_json_string(out, problem.to_string());
  }
  return out + "]}\n";
}

}  // namespace kcloud::cli
