// What the rules loop keeps: transitions as events, the snapshot's file, rule files, silences.
#include <gmock/gmock.h>

#include <filesystem>
#include <fstream>

#include "agent/alerting/rule_files.h"
#include "agent/alerting/silences.h"
#include "agent/alerting/snapshot_file.h"
#include "agent/alerting/transition_event.h"
#include "config/config.h"
#include "tests/support/environment.h"

namespace kcloud::alerting {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

core::Time at(int seconds) {
  return core::from_nanos(1'736'937'000'000'000'000) + std::chrono::seconds(seconds);
}

rules::Transition transition() {
  rules::Transition out;
  out.at = at(30);
  out.reason = "condition";
  auto& alert = out.alert;
  alert.fingerprint = "0123456789abcdef";
  alert.rule = "Waste \"quoted\"";
  alert.group = "cost";
  alert.file = "rules/cost.yaml";
  alert.by = {{"cluster", "gpu-1"}};
  alert.labels = {{"alertname", "Waste"}, {"cluster", "gpu-1"}, {"severity", "critical"}};
  alert.annotations = {{"summary", "최적 전력 효율성\n{{ left }}"}};
  alert.state = rules::AlertState::kResolved;
  alert.active_since = at(1);
  alert.starts_at = at(2);
  alert.ends_at = at(30);
  alert.value = 25.5;
  alert.count = 3;
  alert.evidence = {core::make_event_id(at(0), core::sha256("a"))};
  alert.why = {{"sum(x[5m])", 25.5, ""}, {"sum(x[5m]) / 0", std::nullopt, "division by zero"}};
  return out;
}

TEST(TransitionEvent, IsReadBackAsItWas) {
  const auto wanted = transition();
  const auto body = transition_body(wanted);
  const auto read = parse_transition(body);
  ASSERT_TRUE(read);
  EXPECT_EQ(transition_body(*read), body);
  EXPECT_EQ(read->alert.labels, wanted.alert.labels);
  EXPECT_EQ(read->alert.annotations, wanted.alert.annotations);
  EXPECT_EQ(read->alert.starts_at, wanted.alert.starts_at);
  EXPECT_EQ(read->alert.evidence, wanted.alert.evidence);
  ASSERT_EQ(read->alert.why.size(), 2u);
  EXPECT_EQ(read->alert.why[1].missing, "division by zero");
  EXPECT_EQ(read->alert.why[1].value, std::nullopt);
}

TEST(TransitionEvent, OfNothingElseIsRead) {
  for (
      const char* body :
      {"", "{}", "[]", R"({"fingerprint":"a","state":"firing"})",
       R"({"fingerprint":"a","state":"odd","timestamp":"2025-01-15T10:30:00Z","starts_at":"2025-01-15T10:30:00Z"})"})
    EXPECT_FALSE(parse_transition(body)) << body;
}

TEST(TransitionEvent, SaidTwiceIsOneEvent) {
  config::Problems problems;
  const auto catalogue = config::load_catalogue({}, config::Environment::system(), problems);
  core::Decoder decoder(*catalogue, {});
  core::EventBatch batch;
  append_transition(transition(), decoder, "agent-1", at(31), batch);
  append_transition(transition(), decoder, "agent-1", at(99), batch);
  auto other = transition();
  other.alert.starts_at = at(3);
  append_transition(other, decoder, "agent-1", at(31), batch);
  ASSERT_EQ(batch.events.size(), 3u);
  EXPECT_EQ(batch.events[0].id, batch.events[1].id);
  EXPECT_NE(batch.events[0].id, batch.events[2].id);
  EXPECT_EQ(batch.events[0].type->name, "alert_transition");
  EXPECT_EQ(batch.events[0].severity, "critical");
  EXPECT_EQ(batch.events[0].cluster, "gpu-1");
}

TEST(SnapshotFile, IsReadBackWholeOrNotAtAll) {
  test_support::TemporaryDirectory directory;
  const auto file = std::filesystem::path(directory.path()) / "rules.snapshot";
  EXPECT_FALSE(read_snapshot(file));
  const Snapshot wanted{"0123abcd", 42, 7, at(5), std::string("engine\0state", 12)};
  write_snapshot(file, wanted);
  const auto read = read_snapshot(file);
  ASSERT_TRUE(read);
  EXPECT_EQ(read->epoch, wanted.epoch);
  EXPECT_EQ(read->seq, 42u);
  EXPECT_EQ(read->step, 7u);
  EXPECT_EQ(read->frontier, at(5));
  EXPECT_EQ(read->engine, wanted.engine);
  std::ifstream in(file, std::ios::binary);
  const std::string whole(std::istreambuf_iterator<char>(in), {});
  for (std::size_t size = 0; size < whole.size(); ++size) {
    std::ofstream(file, std::ios::binary | std::ios::trunc) << whole.substr(0, size);
    EXPECT_FALSE(read_snapshot(file)) << size;
    std::string flipped = whole;
    flipped[size] ^= 1;
    std::ofstream(file, std::ios::binary | std::ios::trunc) << flipped;
    EXPECT_FALSE(read_snapshot(file)) << size;
  }
}

TEST(RuleFiles, AreThoseOfTheDirectoriesButForTests) {
  test_support::TemporaryDirectory directory;
  const std::filesystem::path root = directory.path();
  for (const char* name :
       {"b.yaml", "a.yml", "a_test.yaml", ".hidden.yaml", "notes.txt", "a.yaml~"})
    std::ofstream(root / name) << name;
  const RuleSources sources{false, root, root / "missing"};
  const auto read = read_rules(sources);
  std::vector<std::string> texts;
  for (const auto& file : read.files) texts.push_back(file.text);
  EXPECT_THAT(texts, ElementsAre("a.yml", "b.yaml"));
  EXPECT_TRUE(read.problems.empty());
  EXPECT_FALSE(read_rules({true, {}, {}}).files.empty());
  EXPECT_THAT(read_rules({false, root / "b.yaml", {}}).problems.at(0).message,
              HasSubstr("expected a directory"));
}

TEST(RuleFiles, ChangeTheFingerprintHoweverTheyAreChanged) {
  test_support::TemporaryDirectory directory;
  const std::filesystem::path root = directory.path();
  const RuleSources sources{false, root, {}};
  std::string seen = fingerprint(sources);
  const auto changed = [&](const char* how) {
    const auto now = fingerprint(sources);
    EXPECT_NE(now, seen) << how;
    EXPECT_EQ(fingerprint(sources), now) << how;
    seen = now;
  };
  std::ofstream(root / "a.yaml") << "1";
  changed("added");
  std::ofstream(root / "a.yaml") << "22";
  changed("written");
  std::ofstream(root / "new") << "33";
  std::filesystem::rename(root / "new", root / "a.yaml");
  changed("renamed over");
  std::filesystem::remove(root / "a.yaml");
  changed("removed");
}

constexpr const char* kSilence = R"({"matchers":[{"name":"cluster","value":"gpu-.*","isRegex":true},
  {"name":"severity","value":"info","isEqual":false}],"endsAt":"2025-01-15T11:00:00Z","comment":"x"})";

TEST(Silences, MatchByEqualityAndWholePatterns) {
  std::string error;
  auto silence = parse_silence(kSilence, at(0), error);
  ASSERT_TRUE(silence) << error;
  silence->id = "s";
  const std::vector<ParsedSilence> all{*silence};
  EXPECT_THAT(silenced_by(all, {{"cluster", "gpu-1"}}, at(1)), ElementsAre("s"));
  EXPECT_THAT(silenced_by(all, {{"cluster", "gpu-1"}, {"severity", "info"}}, at(1)), ElementsAre());
  EXPECT_THAT(silenced_by(all, {{"cluster", "x-gpu-1"}}, at(1)), ElementsAre());
  EXPECT_THAT(silenced_by(all, {{"cluster", "gpu-1"}}, at(3600)), ElementsAre());
  const auto read = from_stored(to_stored(*silence));
  ASSERT_TRUE(read);
  std::string before, after;
  append_silence(before, *silence, at(1));
  append_silence(after, *read, at(1));
  EXPECT_EQ(after, before);
}

TEST(Silences, ThatAreNotRightAreRefusedWithTheReason) {
  const struct {
    const char* json;
    const char* want;
  } cases[] = {
      {"", "not a JSON object"},
      {R"({"a":1})", "`a` is unknown"},
      {R"({"endsAt":"soon","comment":"x"})", "`endsAt` is missing or no time"},
      {R"({"endsAt":"2020-01-01T00:00:00Z","comment":"x"})", "expected a time after startsAt"},
      {R"({"endsAt":"2030-01-01T00:00:00Z"})", "`comment`"},
      {R"({"endsAt":"2030-01-01T00:00:00Z","comment":"x"})", "`matchers` has 0 entries"},
      {R"({"endsAt":"2030-01-01T00:00:00Z","comment":"x","matchers":[{"value":"a"}]})",
       "matchers[0]: `name` is missing"},
      {R"({"endsAt":"2030-01-01T00:00:00Z","comment":"x","matchers":[{"name":"a","value":"(","isRegex":true}]})",
       "matchers[0]: `value` is no regular expression"},
      {R"({"endsAt":"2030-01-01T00:00:00Z","comment":"x","matchers":[{"name":"a","value":"b","isEqual":false}]})",
       "fit every alert"},
  };
  for (const auto& [json, want] : cases) {
    std::string error;
    EXPECT_FALSE(parse_silence(json, at(0), error)) << json;
    EXPECT_THAT(error, HasSubstr(want)) << json;
  }
}

}  // namespace
}  // namespace kcloud::alerting
