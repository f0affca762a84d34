#include "config/yaml.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "environment.h"

namespace kcloud::config {
namespace {

using std::chrono::milliseconds;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;
using testing::Pair;

// Reads one option of each kind; what the cases below are checked with.
std::string problems_of(const std::string& text, const Environment& environment) {
  Problems problems;
  Section root = Section::parse(text, "f.yaml", environment, problems);
  Section http = root.section("http");
  std::string listen;
  bool gzip = false;
  double share = 0;
  Secret token;
  std::vector<std::string> roles;
  std::map<std::string, std::string> tags;
  std::uint64_t max_bytes = 0;
  std::uint32_t count = 0;
  milliseconds timeout{0}, wait{0};
  std::string level;
  http.read("listen", listen);
  http.read("gzip", gzip);
  http.read("share", share);
  http.read("token", token);
  http.read("roles", roles);
  http.read("tags", tags);
  http.read("max_bytes", max_bytes, 1024, 1 << 20);
  http.read("count", count, 1, 10);
  http.read("timeout", timeout, milliseconds(100), milliseconds(60'000));
  http.read("wait_ms", wait, milliseconds(1), milliseconds(500));
  http.read_choice("level", level, {"info", "warn"});
  http.section("tls");
  http.list("users");
  http.named("sinks");
  root.finish();
  return all(problems);
}

struct Case {
  std::string name;
  std::string text;
  std::string want;
};

TEST(Section, ReportsEveryMisfitAtItsPlace) {
  const std::string keys =
      "listen, gzip, share, token, roles, tags, max_bytes, count, timeout, wait_ms, level, tls, "
      "users, sinks";
  const Case cases[] = {
      {"all fine",
       "http:\n  listen: a:1\n  gzip: true\n  share: 0.5\n  token: s\n  roles: [a, b]\n"
       "  tags: {a: b}\n  max_bytes: 8KiB\n  count: 3\n  timeout: 30s\n  wait_ms: 200\n"
       "  level: warn\n  tls: {}\n  users: []\n  sinks:\n",
       ""},
      {"empty file", "", ""},
      {"comment only", "# nothing\n", ""},
      {"empty section", "http:\n", ""},
      {"byte order mark", "\xEF\xBB\xBFhttp: {listen: x}\n", ""},
      {"not a mapping", "- a\n", "f.yaml:1:1: error: expected a mapping, found a list\n"},
      {"plain text", "hello", "f.yaml:1:1: error: expected a mapping, found text\n"},
      {"section is text", "http: yes\n",
       "f.yaml:1:7: error: http: expected a mapping, found text\n"},
      {"no value", "http:\n  listen:\n",
       "f.yaml:2:3: error: http.listen: expected text, found nothing\n"},
      {"text is a list", "http:\n  listen: [a]\n",
       "f.yaml:2:3: error: http.listen: expected text, found a list\n"},
      {"boolean", "http:\n  gzip: yes\n",
       "f.yaml:2:9: error: http.gzip: expected true or false, found 'yes'\n"},
      {"number", "http:\n  share: half\n",
       "f.yaml:2:10: error: http.share: expected a number, found 'half'\n"},
      {"not finite", "http: {share: .inf}",
       "f.yaml:1:15: error: http.share: expected a number, found '.inf'\n"},
      {"too large", "http:\n  count: 11\n",
       "f.yaml:2:10: error: http.count: expected a whole number from 1 to 10, found '11'\n"},
      {"negative", "http:\n  count: -1\n",
       "f.yaml:2:10: error: http.count: expected a whole number from 1 to 10, found '-1'\n"},
      {"a count has no suffix", "http:\n  count: 1k\n",
       "f.yaml:2:10: error: http.count: expected a whole number from 1 to 10, found '1k'\n"},
      {"size", "http:\n  max_bytes: 2GiB\n",
       "f.yaml:2:14: error: http.max_bytes: expected a size from 1KiB to 1MiB, such as 8MiB, found "
       "'2GiB'\n"},
      {"duration without unit", "http:\n  timeout: 30\n",
       "f.yaml:2:12: error: http.timeout: expected a duration from 100ms to 1m, such as 30s or 7d, "
       "found '30'\n"},
      {"duration out of range", "http:\n  timeout: 2h\n",
       "f.yaml:2:12: error: http.timeout: expected a duration from 100ms to 1m, such as 30s or 7d, "
       "found '2h'\n"},
      {"unit in the key", "http:\n  wait_ms: 2s\n",
       "f.yaml:2:12: error: http.wait_ms: expected a whole number from 1 to 500, found '2s'\n"},
      {"choice", "http:\n  level: loud\n",
       "f.yaml:2:10: error: http.level: expected one of info, warn, found 'loud'\n"},
      {"list is a mapping", "http:\n  roles: {a: b}\n",
       "f.yaml:2:3: error: http.roles: expected a list, found a mapping\n"},
      {"item is a list", "http:\n  roles: [a, [b]]\n",
       "f.yaml:2:14: error: http.roles[1]: expected text, found a list\n"},
      {"mapping of texts", "http:\n  tags:\n    a: [b]\n",
       "f.yaml:3:5: error: http.tags.a: expected text, found a list\n"},
      {"list of mappings", "http:\n  users:\n    - bob\n",
       "f.yaml:3:7: error: http.users[0]: expected a mapping, found text\n"},
      {"named is a list", "http:\n  sinks: [a]\n",
       "f.yaml:2:3: error: http.sinks: expected a mapping, found a list\n"},
      {"unknown key", "http:\n  listn: a\n",
       "f.yaml:2:3: error: http: unknown key 'listn' (did you mean 'listen'?); allowed: " + keys +
           "\n"},
      {"unknown key without a near one", "http: {zzzzzz: a}\n",
       "f.yaml:1:8: error: http: unknown key 'zzzzzz'; allowed: " + keys + "\n"},
      {"unknown section", "htp: {}\n",
       "f.yaml:1:1: error: unknown key 'htp' (did you mean 'http'?); allowed: http\n"},
      {"duplicate key", "http:\n  listen: a\n  listen: b\n",
       "f.yaml:3:3: error: duplicate key 'listen' (first at line 2)\n"},
      {"duplicate key in flow", "http: {listen: a, gzip: true, \"listen\": b}\n",
       "f.yaml:1:31: error: duplicate key 'listen' (first at line 1)\n"},
      {"duplicate section", "http: {}\nhttp: {listn: a}\n",
       "f.yaml:2:1: error: duplicate key 'http' (first at line 1)\n"},
      {"quotes never closed", "http:\n  listen: \"a\n  gzip: true\n",
       "f.yaml:4:2: error: illegal EOF in scalar\n"},
      {"merge key", "http:\n  <<: {listen: a}\n",
       "f.yaml:2:3: error: http: unknown key '<<'; allowed: " + keys + "\n"},
      {"several at once", "http:\n  gzip: 1\n  count: 0\nx: 1\n",
       "f.yaml:2:9: error: http.gzip: expected true or false, found '1'\n"
       "f.yaml:3:10: error: http.count: expected a whole number from 1 to 10, found '0'\n"
       "f.yaml:4:1: error: unknown key 'x'; allowed: http\n"},
  };
  for (const auto& c : cases) {
    SCOPED_TRACE(c.name);
    EXPECT_EQ(problems_of(c.text, fake_environment()), c.want);
  }
}

TEST(Section, ReadsEveryKind) {
  Problems problems;
  Section root = Section::parse(
      "text: 'a b'\nquoted: \"8007\"\nflag: false\nreal: 1.5\nbytes: 2MiB\nsmall: 7\n"
      "one: a\nmany: [a, b]\ntags: {k: v}\nwait: 1h30m\nwait_s: 3\n"
      "users: [{name: x}, {name: y}]\nsinks:\n  b: {url: u}\n  a:\n",
      "f.yaml", fake_environment(), problems);
  std::string text, quoted;
  bool flag = true;
  double real = 0;
  std::uint64_t bytes = 0;
  std::uint32_t small = 0;
  std::vector<std::string> one, many;
  std::map<std::string, std::string> tags;
  milliseconds wait{0}, wait_s{0};
  root.read("text", text);
  root.read("quoted", quoted);
  root.read("flag", flag);
  root.read("real", real);
  root.read("bytes", bytes, 0, 1ull << 40);
  root.read("small", small, 0, 10);
  root.read("one", one);
  root.read("many", many);
  root.read("tags", tags);
  root.read("wait", wait, milliseconds(0), milliseconds(std::chrono::hours(9)));
  root.read("wait_s", wait_s, milliseconds(0), milliseconds(10'000));
  EXPECT_EQ(text, "a b");
  EXPECT_EQ(quoted, "8007");
  EXPECT_FALSE(flag);
  EXPECT_EQ(real, 1.5);
  EXPECT_EQ(bytes, 2u << 20);
  EXPECT_EQ(small, 7u);
  EXPECT_THAT(one, ElementsAre("a"));
  EXPECT_THAT(many, ElementsAre("a", "b"));
  EXPECT_THAT(tags, ElementsAre(Pair("k", "v")));
  EXPECT_EQ(wait, std::chrono::minutes(90));
  EXPECT_EQ(wait_s, std::chrono::seconds(3));
  auto users = root.list("users");
  ASSERT_EQ(users.size(), 2u);
  users[1].read("name", text);
  EXPECT_EQ(text, "y");
  EXPECT_EQ(users[1].path(), "users[1]");
  users[0].read("name", text);
  auto sinks = root.named("sinks");
  ASSERT_EQ(sinks.size(), 2u);
  EXPECT_EQ(sinks[0].first, "b");
  EXPECT_EQ(sinks[1].first, "a");
  EXPECT_TRUE(sinks[1].second.empty());
  sinks[0].second.read("url", text);
  EXPECT_EQ(sinks[0].second.path(), "sinks.b");
  root.finish();
  EXPECT_EQ(all(problems), "");
}

TEST(Section, AbsentKeysLeaveTheTargetAlone) {
  Problems problems;
  Section root = Section::parse("a: 1\n", "f.yaml", fake_environment(), problems);
  std::string text = "kept";
  milliseconds wait{5};
  root.read("text", text);
  root.read("wait_ms", wait, milliseconds(0), milliseconds(10));
  root.section("missing").read("text", text);
  EXPECT_EQ(text, "kept");
  EXPECT_EQ(wait, milliseconds(5));
  EXPECT_FALSE(root.has("text"));
  EXPECT_TRUE(root.has("a"));
  EXPECT_THAT(problems, IsEmpty());
}

TEST(Section, FailPointsAtTheValueOrTheSection) {
  Problems problems;
  Section root = Section::parse("s:\n  url: x\n", "f.yaml", fake_environment(), problems);
  root.section("s").fail("url", "bad");
  root.section("s").fail("other", "missing");
  root.section("s").fail("", "incomplete");
  EXPECT_EQ(all(problems),
            "f.yaml:2:8: error: s.url: bad\n"
            "f.yaml:1:1: error: s.other: missing\n"
            "f.yaml:1:1: error: s: incomplete\n");
}

TEST(Section, IgnoredRestIsNotReported) {
  Problems problems;
  Section root = Section::parse("s: {x: 1}\n", "f.yaml", fake_environment(), problems);
  root.section("s").ignore_rest();
  root.finish();
  EXPECT_THAT(problems, IsEmpty());
}

std::string text_of(const std::string& yaml_value, const Environment& environment,
                    Problems& problems) {
  Section root = Section::parse("s:\n  t: " + yaml_value + "\n", "f.yaml", environment, problems);
  std::string text;
  root.section("s").read("t", text);
  return text;
}

TEST(Substitution, ReplacesVariablesAndFiles) {
  const auto environment = fake_environment({{"HOST", "influx"}, {"PORT", "8086"}, {"EMPTY", ""}},
                                            {{"/run/a", "secret\n"},
                                             {"/run/b", "line\r\n"},
                                             {"/run/c", "two\n\n"},
                                             {"/run/d", "${HOST}"}});
  const std::pair<std::string, std::string> cases[] = {
      {"${HOST}", "influx"},           {"http://${HOST}:${PORT}/", "http://influx:8086/"},
      {"'${HOST}'", "influx"},         {"x${EMPTY}y", "xy"},
      {"${file:/run/a}", "secret"},    {"${file:/run/b}", "line"},
      {"${file:/run/c}", "\"two\n\""}, {"${file:/run/d}", "${HOST}"},
      {"$${HOST}", "${HOST}"},         {"$HOST and {HOST}", "$HOST and {HOST}"},
      {"\"a $ b\"", "a $ b"},
  };
  for (const auto& [yaml, want] : cases) {
    Problems problems;
    const std::string expected = yaml == "${file:/run/c}" ? "two\n" : want;
    EXPECT_EQ(text_of(yaml, environment, problems), expected) << yaml;
    EXPECT_EQ(all(problems), "") << yaml;
  }
}

TEST(Substitution, MissingOnesNameTheOption) {
  const Case cases[] = {
      {"variable", "${NOPE}", "s.t: environment variable NOPE is not set"},
      {"file", "${file:/no/such}", "s.t: file '/no/such' cannot be read"},
      {"open", "\"${NOPE\"", "s.t: `${` without `}`; write $${ for a literal ${"},
      {"name", "\"${a b}\"", "s.t: expected ${NAME} or ${file:/path}; write $${ for a literal ${"},
      {"empty", "\"${}\"", "s.t: expected ${NAME} or ${file:/path}; write $${ for a literal ${"},
  };
  for (const auto& c : cases) {
    Problems problems;
    EXPECT_EQ(text_of(c.text, fake_environment(), problems), "");
    EXPECT_EQ(all(problems), "f.yaml:2:6: error: " + c.want + "\n") << c.name;
  }
}

TEST(Substitution, NumbersAndListsToo) {
  Problems problems;
  Section root = Section::parse("n: ${N}\nl: [\"${A}\", b]\nm: {k: \"${A}\"}\n", "f.yaml",
                                fake_environment({{"N", "7"}, {"A", "a"}}), problems);
  std::uint32_t n = 0;
  std::vector<std::string> l;
  std::map<std::string, std::string> m;
  root.read("n", n, 0, 10);
  root.read("l", l);
  root.read("m", m);
  EXPECT_EQ(n, 7u);
  EXPECT_THAT(l, ElementsAre("a", "b"));
  EXPECT_THAT(m, ElementsAre(Pair("k", "a")));
  EXPECT_EQ(all(problems), "");
}

TEST(Substitution, UnquotedInFlowSaysToQuote) {
  Problems problems;
  Section::parse("l: [${A}, b]\n", "f.yaml", fake_environment({{"A", "a"}}), problems);
  EXPECT_THAT(all(problems), HasSubstr("with ${…} must be quoted"));
}

TEST(Secrets, NeverAppearInProblems) {
  const std::string hunter = "hunter2hunter2";
  const auto environment = fake_environment({{"S", hunter}}, {{"/s", hunter}});
  const std::string texts[] = {
      "http:\n  count: ${S}\n",
      "http:\n  gzip: ${file:/s}\n",
      "http:\n  timeout: ${S}\n",
      "http:\n  level: ${S}\n",
      "http:\n  share: ${S}\n",
      "http:\n  users: hunter2hunter2\n",
      "http:\n  tls: ${S}\n",
      "http:\n  token: [hunter2hunter2]\n",
      "http:\n  token: {a: hunter2hunter2}\n",
      "http:\n  tokn: hunter2hunter2\n",
      "http:\n  token: *hunter2hunter2\n",
      "http:\n  token: &hunter2hunter2\n",
      "http:\n  token: !hunter2hunter2 x\n",
      "http:\n  token: hunter2hunter2: x\n",
      "http:\n  token: \"hunter2hunter2\n",
      "http:\n  token: @hunter2hunter2\n",
      "http:\n  token: %hunter2hunter2\n",
      "http:\n  token: \"\\hunter2hunter2\"\n",
  };
  for (const auto& text : texts) {
    const std::string problems = problems_of(text, environment);
    EXPECT_NE(problems, "") << text;
    EXPECT_THAT(problems, Not(HasSubstr("hunter2"))) << text;
  }
}

}  // namespace
}  // namespace kcloud::config
