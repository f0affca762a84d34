// The rollups' loop on a journal: what is kept outlives the events, what is not kept whole is said.
#include "agent/analytics/analytics.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "agent/analytics/source.h"
#include "agent/journal/rollup_state.h"
#include "tests/journal/event_maker.h"
#include "tests/support/environment.h"

namespace kcloud::analytics {
namespace {

using journal::test::ManualClock;
using journal::test::TemporaryDirectory;
using std::chrono::hours;
using test_support::eventually;

class LoopTest : public ::testing::Test {
 protected:
  LoopTest() { open(); }

  void open() {
    journal::Options options;
    options.directory = directory.path();
    options.max_age = hours(24 * 10);
    journal = std::make_unique<journal::Journal>(options, clock);
    auto parsed = std::make_shared<config::Config>(
        config::parse_config(text, "test.yaml", {}, config::Environment::system(), problems));
    EXPECT_TRUE(problems.empty());
    config = parsed;
    analytics = std::make_unique<Analytics>(*journal, clock);
    analytics->start(config, nullptr);
    reader = journal->reader();
    decoder = std::make_unique<core::Decoder>(*config->catalogue, config::decode_options(*config));
  }
  void close() {
    analytics.reset();
    reader.reset();
    journal.reset();
  }

  // A decision a minute before now.
  void decide(double latency_ms) {
    auto intake = std::make_unique<core::Intake>();
    std::vector<core::FieldError> errors;
    std::vector<std::string_view> warnings;
    core::TransportHints hints;
    hints.received = clock.now();
    const std::string json = R"({"event_type":"scheduling_decision","timestamp":")" +
                             core::format_time(clock.now() - std::chrono::minutes(1)) +
                             R"(","workload_id":"w)" + std::to_string(++number) +
                             R"(","selected_cluster":"c","execution_time_ms":)" +
                             std::to_string(latency_ms) + "}";
    core::DecodeOptions options;
    options.max_age = options.max_future = hours(24 * 36'500);
    core::Decoder decode(*config->catalogue, options);
    ASSERT_TRUE(decode.decode(json, hints, intake->batch, errors, warnings));
    std::atomic<bool> stored = false;
    journal->accept(
        std::move(intake),
        [&](core::CommitStatus, const std::unique_ptr<core::Intake>&) { stored = true; });
    ASSERT_TRUE(eventually([&] { return stored.load(); }));
  }

  Answer answer(Kind kind, core::Time since, core::Time until) {
    EXPECT_TRUE(eventually([&] { return analytics->status().lag == 0; }));
    Request request;
    request.since = since;
    request.until = until;
    return analytics->answer(kind, request, *reader, *decoder);
  }
  static std::optional<double> figure(const Row& row, std::string_view name) {
    for (const auto& one : row.figures)
      if (one.name == name) return one.value;
    ADD_FAILURE() << "no figure " << name;
    return std::nullopt;
  }
  RebuildStatus rebuild(core::Time since, core::Time until) {
    EXPECT_TRUE(analytics->rebuild(since, until));
    EXPECT_TRUE(eventually(
        [&] { return analytics->status().rebuild.state == RebuildStatus::State::kDone; }));
    return analytics->status().rebuild;
  }

  TemporaryDirectory directory;
  ManualClock clock;
  std::string text = "alerting: {enabled: false}\n";
  config::Problems problems;
  std::shared_ptr<const config::Config> config;
  std::unique_ptr<journal::Journal> journal;
  std::unique_ptr<Analytics> analytics;
  std::unique_ptr<journal::Reader> reader;
  std::unique_ptr<core::Decoder> decoder;
  int number = 0;
};

TEST_F(LoopTest, NumbersOutliveTheirEventsAndAreNotMadeAnewWithoutThem) {
  const auto begin = core::Time(std::chrono::floor<hours>(clock.now()));
  decide(100);
  decide(300);
  EXPECT_EQ(figure(answer(Kind::kScheduling, begin, begin + hours(1)).totals, "decisions"), 2);
  clock.advance(hours(24 * 11));
  decide(50);
  ASSERT_TRUE(eventually([&] { return journal->stats().oldest == 3; }));

  const auto kept = answer(Kind::kScheduling, begin, begin + hours(1)).totals;
  EXPECT_EQ(figure(kept, "decisions"), 2);
  EXPECT_EQ(figure(kept, "avg_latency_ms"), 200);
  const auto done = rebuild(begin, begin + hours(1));
  EXPECT_EQ(done.refused, std::vector{begin});
  EXPECT_EQ(figure(answer(Kind::kScheduling, begin, begin + hours(1)).totals, "decisions"), 2);
  // What is no whole hour, and no whole minute, cannot be told from what is kept.
  EXPECT_THROW(answer(Kind::kScheduling, begin + std::chrono::seconds(90), begin + hours(1)),
               BadRange);
  // An hour whose events are there can be made anew.
  const auto now = core::Time(std::chrono::floor<hours>(clock.now()));
  EXPECT_TRUE(rebuild(now, clock.now()).refused.empty());
  EXPECT_EQ(figure(answer(Kind::kScheduling, now, clock.now()).totals, "decisions"), 1);
}

TEST_F(LoopTest, ANewObjectiveIsJudgedOnWhatCameBefore) {
  const auto begin = core::Time(std::chrono::floor<hours>(clock.now()));
  decide(100);
  decide(300);
  answer(Kind::kSla, begin, begin + hours(1));
  close();
  text += "analytics: {objectives: {quick: {kind: latency, at_most: 200, target: 0.5}}}\n";
  open();
  decide(150);
  ASSERT_TRUE(eventually([&] {
    const auto table = answer(Kind::kSla, begin, begin + hours(1)).tables.front();
    return figure(table.rows.front(), "total") == 3;
  }));
  const auto row = answer(Kind::kSla, begin, begin + hours(1)).tables.front().rows.front();
  EXPECT_EQ(figure(row, "good"), 2);
}

TEST_F(LoopTest, AnHourThatIsDamagedIsSaidAndMadeAnew) {
  const auto begin = core::Time(std::chrono::floor<hours>(clock.now()));
  decide(100);
  answer(Kind::kScheduling, begin, begin + hours(1));
  journal::RollupCommit damage;
  reader->read_rollups([&](journal::RollupView& view) {
    const auto part = rollups::part_of(view.name("scheduling_decision"), rollups::Kind::kTotal);
    const auto hour = rollups::bucket_of(begin, rollups::Grain::kHour);
    damage.cells = {{{rollups::Grain::kHour, part, hour, 0}, "no cell"}};
  });
  ASSERT_EQ(journal->commit_rollups(damage), core::CommitStatus::kCommitted);
  close();
  open();
  decide(300);
  ASSERT_TRUE(eventually([&] { return !analytics->status().last_error.empty(); }));
  EXPECT_TRUE(rebuild(begin, begin + hours(1)).refused.empty());
  EXPECT_EQ(figure(answer(Kind::kScheduling, begin, begin + hours(1)).totals, "decisions"), 2);
}

TEST_F(LoopTest, EventsThatWereGoneBeforeTheyWereAddedAreCounted) {
  decide(100);
  answer(Kind::kScheduling, clock.now() - hours(1), clock.now());
  close();
  const std::string on = text;
  text += "analytics: {enabled: false}\n";
  open();
  decide(200);
  decide(200);
  clock.advance(hours(24 * 11));
  decide(300);
  ASSERT_TRUE(eventually([&] { return journal->stats().oldest == 4; }));
  close();
  text = on;
  open();
  ASSERT_TRUE(eventually([&] { return analytics->status().missed == 2; }));
}

TEST_F(LoopTest, DaysThatAreOverSayWhatTheirHoursDid) {
  for (int day = 0; day < 4; ++day) {
    for (int i = 1; i <= 5; ++i) {
      decide(10.0 * i + day);
      clock.advance(hours(1));
    }
    clock.advance(hours(19));
  }
  const auto until = core::Time(std::chrono::floor<hours>(clock.now()));
  Request request;
  request.since = until - hours(24 * 4);
  request.until = until;
  request.group_by = {"cluster"};
  ASSERT_TRUE(eventually([&] { return analytics->status().lag == 0; }));
  const auto days = [&] {
    std::size_t count = 0;
    reader->read_rollups([&](journal::RollupView& view) {
      for (const auto& part : view.parts(rollups::Grain::kDay))
        count += view.marks({rollups::Grain::kDay, part.part, 0, INT64_MAX}).size();
    });
    return count;
  };
  ASSERT_TRUE(eventually([&] { return days() >= 8; }));  // of tags and of workloads, four days
  const auto grouped = analytics->answer(Kind::kScheduling, request, *reader, *decoder);
  ASSERT_EQ(grouped.tables.size(), 1U);
  const Row& row = grouped.tables.front().rows.front();
  EXPECT_EQ(figure(row, "decisions"), figure(grouped.totals, "decisions"));
  EXPECT_EQ(figure(row, "max_latency_ms"), 53);
  EXPECT_NEAR(*figure(row, "avg_latency_ms"), 31.5, 1e-9);
}

}  // namespace
}  // namespace kcloud::analytics
