#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <malloc.h>
#include <sys/resource.h>

#include <chrono>
#include <string>

#include "config/config.h"
#include "environment.h"

namespace kcloud::config {
namespace {

using testing::HasSubstr;

std::string repeated(std::string_view part, std::size_t times) {
  std::string out;
  out.reserve(part.size() * times);
  for (std::size_t i = 0; i < times; ++i) out += part;
  return out;
}

std::string nested_blocks(int depth) {
  std::string out;
  for (int i = 0; i < depth; ++i) out += std::string(static_cast<std::size_t>(i), ' ') + "a:\n";
  return out;
}

std::string numbered(std::string_view before, int count, std::string_view after) {
  std::string out;
  for (int i = 0; i < count; ++i) out.append(before).append(std::to_string(i)).append(after);
  return out;
}

struct Hostile {
  std::string name;
  std::string text;
  std::string want;
};

std::vector<Hostile> hostile_texts() {
  const std::string bomb =
      "a: &a [x,x,x,x,x,x,x,x,x]\nb: &b [*a,*a,*a,*a,*a,*a,*a,*a,*a]\n"
      "c: &c [*b,*b,*b,*b,*b,*b,*b,*b,*b]\nd: [*c,*c,*c,*c,*c,*c,*c,*c,*c]\n";
  return {
      {"alias bomb", bomb, "1:4: error: anchors and aliases"},
      {"cyclic alias", "a: &a [*a]\n", "1:4: error: anchors and aliases"},
      {"alias without anchor", "a: *b\n", "1:4: error: anchors and aliases"},
      {"anchored null", "a: &b\n", "error: anchors and aliases"},
      {"100,000 brackets", repeated("[", 100'000), "1:65: error: nested deeper than 64"},
      {"100,000 braces", "a: " + repeated("{a: ", 100'000), "error: nested deeper than 64"},
      {"100,000 brackets in lines", repeated("[\n", 100'000), "error: nested deeper than 64"},
      {"100,000 dashes", repeated("- ", 100'000), "error: "},
      {"100,000 dashes in short lines", repeated("- ", 30'000), "1:129: error: nested deeper than"},
      {"100,000 question marks", repeated("? ", 30'000), "error: "},
      {"1,000 nested blocks", nested_blocks(1'000), "65:65: error: nested deeper than 64"},
      {"2,500 nested blocks", nested_blocks(2'500), "65:65: error: nested deeper than 64"},
      {"10 MiB", repeated("# 34567\n", 10 << 17), "error: 10485760 bytes long, at most 4194304"},
      {"one line of 4 MB", "a: " + repeated("x", 4'000'000), "error: a line longer than 65536"},
      {"pairs in one line", "[" + repeated("[],", 1'000'000), "error: a line longer than 65536"},
      {"500,000 items", "a:\n" + repeated("- x\n", 500'000), "error: more than 100000 values"},
      {"500,000 brackets", "a: [\n" + repeated("[],\n", 500'000), "error: more than 100000 values"},
      {"100,000 keys", numbered("k", 100'000, ": x\n"), "error: more than 2000 keys in a mapping"},
      {"100,000 duplicates", repeated("k: x\n", 49'000), "2:1: error: duplicate key 'k'"},
      {"100,000 unknown keys", "http:\n" + numbered("  k", 1'900, ": x\n"),
       "2:3: error: http: unknow"},
      {"100,000 variables", "a:\n" + repeated("- ${NO}\n", 90'000), "environment variable NO"},
      {"NUL", std::string("a: b\0c\n", 7), "1:5: error: control character 0x00"},
      {"end of transmission", "a: b\n\x04\nc: d\n", "2:1: error: control character 0x04"},
      {"escape", "a: \x1b[31m\n", "1:4: error: control character 0x1b"},
      {"bad UTF-8", "a: \xff\xfe\n", "1:4: error: no UTF-8"},
      {"half a surrogate", "a: \xed\xa0\x80\n", "1:4: error: no UTF-8"},
      {"overlong", "a: \xc0\xaf\n", "1:4: error: no UTF-8"},
      {"cut character", "a: \xe2\x82", "1:4: error: no UTF-8"},
      {"UTF-16", std::string("\xff\xfe\x61\x00\x3a\x00", 6), "1:1: error: no UTF-8"},
      {"two documents", "agent: {}\n---\nlog: {}\n", "error: more than one document"},
      {"tag", "agent: !!python/object:os.system {}\n", "1:8: error: tags (!)"},
      {"list as key", "? [a, b]\n: c\n", "error: a key must be text"},
      {"null as key", "~: c\n", "error: a key must be text"},
      {"tab", "agent:\n\tname: x\n", "error: "},
      {"unclosed bracket", "http: {listen: a\n", "error: "},
      {"closing bracket only", "]\n", "error: "},
      {"bad escape", "a: \"\\q\"\n", "error: "},
      {"bad directive", "%YAML 9.9.9\n---\na: b\n", "error: "},
      {"colons", repeated(": ", 10'000), "error: "},
      {"long key", repeated("k", 60'000) + ": x\n", "error: illegal map value"},
  };
}

// Neither a crash nor an exception, nor more than a little time and memory: the limits are those of
// the design (100 ms, 16 MiB); the time is widened for debug builds on a busy machine.
TEST(HostileYaml, IsRefusedWithinBounds) {
  for (const auto& hostile : hostile_texts()) {
    SCOPED_TRACE(hostile.name);
    Problems problems;
    const auto start = std::chrono::steady_clock::now();
    parse_config(hostile.text, "f.yaml", {}, fake_environment(), problems);
    const std::chrono::duration<double> took = std::chrono::steady_clock::now() - start;
    EXPECT_THAT(all(problems), HasSubstr(hostile.want));
    EXPECT_LE(problems.size(), 100u);
    EXPECT_LT(took.count(), 5.0);
  }
}

#ifndef KCLOUD_SANITIZED  // a sanitizer keeps what is freed
TEST(HostileYaml, MemoryStaysBounded) {
  const auto peak_kib = [] {
    rusage usage{};
    getrusage(RUSAGE_SELF, &usage);
    return usage.ru_maxrss;
  };
  const auto texts = hostile_texts();
  const auto before = peak_kib();
  for (const auto& hostile : texts) {
    Problems problems;
    parse_config(hostile.text, "f.yaml", {}, fake_environment(), problems);
    malloc_trim(0);
  }
  EXPECT_LT(peak_kib() - before, 16 << 10);
}
#endif

}  // namespace
}  // namespace kcloud::config
