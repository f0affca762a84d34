// Rule files made to hurt: refused in little time and memory, whatever they are. Figures of this
// test stand in docs/rules.md.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <malloc.h>
#include <sys/resource.h>

#include <chrono>
#include <cstdio>

#include "rules_files.h"

namespace kcloud::rules {
namespace {

using testing::HasSubstr;

std::string repeated(std::string_view part, std::size_t times) {
  std::string out;
  out.reserve(part.size() * times);
  for (std::size_t i = 0; i < times; ++i) out += part;
  return out;
}

std::string expr(const std::string& text) { return one_rule("expr: |-\n  " + text); }

struct Hostile {
  std::string name;
  std::string text;
  std::string want;  // in its problems
};

// Filters that each use the one before twice.
std::string filter_bomb() {
  std::string out = "filters:\n  f0: message = \"a\"\n";
  for (int i = 1; i < 60; ++i) {
    const std::string before = "@f" + std::to_string(i - 1);
    const std::string own = "message = \"" + std::to_string(i) + "\"";
    out += "  f" + std::to_string(i) + ": '" + before + " or (" + own + " and " + before + ")'\n";
  }
  return out + expr("alert{@f59}");
}

std::string rules(int count, const std::string& body) {
  std::string out = "groups:\n- name: g\n  rules:\n";
  for (int i = 0; i < count; ++i) out += "  - {alert: a" + std::to_string(i) + ", " + body + "}\n";
  return out;
}

// What must cost next to nothing: 100 ms and 16 MiB.
std::vector<Hostile> bombs() {
  return {
      {"alias bomb", "a: &a [x,x]\nb: &b [*a,*a]\nc: [*b,*b]\n", "1:4: error: anchors and aliases"},
      {"cyclic alias", "groups: &a [*a]\n", "1:9: error: anchors and aliases"},
      {"100,000 brackets", repeated("[", 100'000), "nested deeper than 64"},
      {"100,000 braces", "groups: " + repeated("{a: ", 100'000), "nested deeper than 64"},
      {"100,000 dashes", repeated("- ", 30'000), "nested deeper than 64"},
      {"10 MiB", repeated("# 34567\n", 10 << 17), "10485760 bytes long, at most 1048576"},
      {"parentheses", expr(repeated("(", 30'000)), "nested deeper than 100"},
      {"minus signs", expr(repeated("- ", 15'000)), "nested deeper than 100"},
      {"nots", expr(repeated("not ", 8'000)), "nested deeper than 100"},
      {"calls", expr(repeated("abs(", 8'000)), "nested deeper than 100"},
      {"nots in a filter", expr("alert{" + repeated("not ", 8'000)), "nested deeper than 100"},
      {"a sum", expr("1" + repeated("+1", 16'000)), "a rule is a condition"},
      {"a long sum", expr("count(alert[5m])" + repeated("+1", 15'000)), "nested deeper than 100"},
      {"windows", expr("count(alert[5m])" + repeated("+count(alert[5m])", 1'800)),
       "more than 64 windows"},
      {"long expression", expr(repeated("1 + ", 9'000)), "longer than 32768 bytes"},
      {"bad conditions", expr("alert{message = 1" + repeated(" or message = 1", 1'200) + "}"),
       "cannot be compared with 1"},
      {"filter bomb", filter_bomb(), "more than 5000 conditions in a filter"},
      {"huge regex", expr("alert{message =~ `((a{1,1000}){1,1000}){1,1000}`}"), "bad regular"},
      {"templates", expr("alert\nannotations:\n  a: '" + repeated("{{ $count }}", 5'000) + "{{'"),
       "without `}}`"},
      {"NUL", std::string("a: b\0c\n", 7), "1:5: error: control character 0x00"},
      {"bad UTF-8", "a: \xff\xfe\n", "1:4: error: no UTF-8"},
  };
}

// Large files, for which the YAML alone takes most of the time.
std::vector<Hostile> large() {
  const std::string lists = "lists:\n  a: [" + repeated("x,", 4'000) + "x]\n";
  std::string labels = "groups:\n- name: g\n  labels:\n";
  for (int i = 0; i < 1'900; ++i) labels += "    l" + std::to_string(i) + ": x\n";
  return {
      {"list in every rule", lists + rules(9'000, "expr: 'alert{message in @a}'"),
       "more than 50000 conditions in this file"},
      {"labels for every rule", labels + rules(10'000, "expr: alert").substr(18), "more than 64"},
      {"problems in every rule", rules(15'000, "expr: 'alrt > cuont(x.y)'"), "unknown event type"},
      {"unknown keys", rules(6'000, "expr: alert, b: 2, c: 3, d: 4"), "unknown key 'b'"},
      {"duplicate names",
       "groups:\n- name: g\n  rules:\n" + repeated("  - {alert: a, expr: alert}\n", 15'000),
       "there is an alert 'a' already"},
      {"wide by", rules(3'000, "expr: alert, by: [" + repeated("cluster,", 20) + "cluster]"),
       "more than 16 fields"},
  };
}

void expect_refused(const Hostile& hostile, std::chrono::duration<double> within) {
  SCOPED_TRACE(hostile.name);
  const auto start = std::chrono::steady_clock::now();
  const Loaded loaded = load_text(hostile.text);
  const std::chrono::duration<double> took = std::chrono::steady_clock::now() - start;
  EXPECT_LT(took, within);
  EXPECT_FALSE(loaded.ok());
  EXPECT_THAT(all(loaded.problems), HasSubstr(hostile.want));
  EXPECT_LE(loaded.problems.size(), 100u);
  for (const auto& problem : loaded.problems) with_line(problem, hostile.text);
  std::printf("%-24s %7.1f ms\n", hostile.name.c_str(), took.count() * 1e3);
}

// The time is widened for debug builds on a busy machine.
TEST(HostileRules, BombsAreRefusedAtOnce) {
  built_in_catalogue();
  for (const auto& bomb : bombs()) expect_refused(bomb, std::chrono::seconds(2));
}

TEST(HostileRules, LargeFilesAreRefusedInBoundedTime) {
  for (const auto& file : large()) expect_refused(file, std::chrono::seconds(10));
}

#ifndef KCLOUD_SANITIZED  // a sanitizer keeps what is freed
TEST(HostileRules, BombsTakeLittleMemory) {
  const auto peak_kib = [] {
    rusage usage{};
    getrusage(RUSAGE_SELF, &usage);
    return usage.ru_maxrss;
  };
  built_in_catalogue();
  const auto texts = bombs();
  const auto before = peak_kib();
  for (const auto& bomb : texts) {
    load_text(bomb.text);
    malloc_trim(0);
  }
  std::printf("%ld KiB\n", peak_kib() - before);
  EXPECT_LT(peak_kib() - before, 16 << 10);
}
#endif

}  // namespace
}  // namespace kcloud::rules
