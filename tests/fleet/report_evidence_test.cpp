// Reports of all agents, over a real server.
#include "agent/fleet/report_evidence.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>

#include "agent/audit/checkpoint.h"
#include "agent/report/report.h"
#include "core/hex.h"
#include "core/json.h"
#include "exporters/postgres/exporter.h"
#include "exporters/postgres/stored_batch.h"
#include "tests/exporters/postgres/fixtures.h"

namespace kcloud::fleet {
namespace {

using postgres::testing::Chain;
using report::Format;
using std::chrono::milliseconds;
using std::chrono::minutes;
using std::chrono::seconds;
using ::testing::HasSubstr;
using ::testing::Not;

constexpr Format kAll[] = {Format::kJson, Format::kJsonLines, Format::kCsv, Format::kHtml};

bool never() { return false; }

// The rows of a period in one page.
class Rows final : public journal::EventReader {
 public:
  explicit Rows(const postgres::Config& config) : connection_(config, -1) {}

  journal::Page query(const journal::Query& query) override {
    const auto found = connection_.run(
        "SELECT event_id, time_ns, received, type, source, agent, body FROM audit_event WHERE "
        "time_ns >= $1 AND time_ns < $2 ORDER BY time_ns, event_id",
        {parameter(postgres::Type::kBigint, postgres::binary(core::to_nanos(*query.since))),
         parameter(postgres::Type::kBigint, postgres::binary(core::to_nanos(*query.until)))});
    journal::Page page;
    for (std::size_t row = 0; row < found.rows(); ++row) {
      auto& event = page.batch.events.emplace_back();
      event.id = core::event_id_from_bytes(found.value(row, 0));
      event.time = core::from_nanos(postgres::read_bigint(found.value(row, 1)));
      event.received = postgres::read_time(found.value(row, 2));
      event.type_name = page.batch.keep(found.value(row, 3));
      event.source = page.batch.keep(found.value(row, 4));
      event.agent = page.batch.keep(found.value(row, 5));
      event.body = page.batch.keep(found.value(row, 6));
    }
    return page;
  }
  bool find(const core::EventId&, core::EventBatch&) override { return false; }
  void read_numbers(const std::function<void(journal::RollupSource&)>&) override {}

 private:
  postgres::Connection connection_;
};

struct FleetReport : ::testing::Test {
  test_support::PostgresServer& server = postgres::testing::empty_server();
  std::shared_ptr<const core::Catalogue> catalogue = postgres::testing::make_catalogue();
  test_support::TemporaryDirectory directory;
  // The fixtures' events of an age of none are of `midnight`, which is before any seal.
  const core::Time midnight{std::chrono::days(postgres::testing::today())};

  FleetReport() { postgres::Exporter(config(), catalogue, "owner").sealed_head({}); }

  postgres::Config config() const { return postgres::testing::config_of(server); }
  ReportEvidence evidence() const {
    return ReportEvidence({.database = config(),
                           .place = {directory.path(), "checkpoints.jsonl"},
                           .config_file = {},
                           .catalogue = catalogue,
                           .decode = {}});
  }
  // Of a period from an hour before midnight to `end` behind it, made then.
  report::Head head(seconds end = seconds(650), Format format = Format::kJson) const {
    report::Head head;
    head.request.since = midnight - minutes(60);
    head.request.until = head.made = midnight + end;
    head.request.format = format;
    head.agent = "agent-1";
    head.backend = report::Backend::kPostgres;
    return head;
  }

  static core::Event& add(Chain& chain, const std::string& key, const std::string& agent,
                          int age = 0) {
    auto& event = chain.add(key, age);
    event.fields = {};
    event.cluster = {};
    event.agent = chain.batch.keep(agent);
    return event;
  }
  void seal(Chain& chain, milliseconds at) const {
    chain.seal();
    chain.seals.back().sealed = midnight + at;
  }
  void deliver(const Chain& chain) const {
    postgres::Exporter exporter(config(), catalogue, "owner");
    const auto delivery = exporter.deliver_sealed(chain.sealed());
    ASSERT_EQ(delivery.kind, core::Delivery::Kind::kDelivered) << delivery.reason;
  }
  // Two agents, an event each, sealed now and then.
  void two_chains() const {
    Chain one(1, catalogue);
    add(one, "one", "agent-1", 10);
    for (const int at : {-600, 0, 60, 120, 400, 460, 520, 580, 640}) seal(one, seconds(at));
    deliver(one);
    Chain two(2, catalogue);
    add(two, "two", "agent-2", 5);
    for (const int at : {0, 60, 120, 180}) seal(two, seconds(at));
    deliver(two);
  }
  std::string write(const report::Head& head) const {
    Rows rows(config());
    auto proof = evidence();
    core::Decoder decoder(*catalogue, {});
    report::Report report(head, seconds(60));
    std::string text;
    while (!report.done()) text += report.next(rows, proof, decoder, never);
    return text;
  }
  report::Integrity verify() const { return evidence().verify(head(), never); }
  report::Gaps gaps(seconds end = seconds(650)) const {
    const auto of = head(end);
    report::Gaps gaps(of.request.since, of.request.until, seconds(60));
    evidence().read_gaps(of, gaps, never);
    return gaps;
  }
};

std::vector<std::string> told(const report::Gaps& gaps, core::Time zero) {
  std::vector<std::string> out;
  for (const auto& gap : gaps.list())
    out.push_back(gap.agent + " " + core::to_string(*gap.chain).substr(0, 2) + " " +
                  std::to_string((gap.from - zero) / seconds(1)) + "-" +
                  std::to_string((gap.to - zero) / seconds(1)));
  return out;
}

TEST_F(FleetReport, GapsAreThoseOfEachChain) {
  two_chains();
  const auto found = gaps();
  EXPECT_THAT(
      told(found, midnight),
      ::testing::ElementsAre("agent-1 01 -600-0", "agent-1 01 120-400", "agent-2 02 180-650"));
  EXPECT_EQ(found.total(), seconds(600 + 280 + 470));
}

TEST_F(FleetReport, AChainEndsWhereItsAgentGoesOnWithAnother) {
  Chain old(1, catalogue);
  for (int at = -9'000; at < -3'600; at += 60) seal(old, seconds(at));
  add(old, "old", "agent-1", 55);
  for (int at = -3'600; at <= 240; at += 60) seal(old, seconds(at));
  deliver(old);
  Chain next(2, catalogue);
  add(next, "next", "agent-1");
  // More than a page of them.
  for (int at = 400'000; at <= 650'000; at += 100) seal(next, milliseconds(at));
  deliver(next);
  EXPECT_THAT(told(gaps(), midnight), ::testing::ElementsAre("agent-1 01 240-400"));
}

TEST_F(FleetReport, AChainOfWhichNothingIsKeptIsToldNoMore) {
  two_chains();
  Chain gone(3, catalogue);
  gone.seal(postgres::testing::today() - 40);
  gone.seals.back().sealed = midnight - std::chrono::days(40);
  deliver(gone);
  EXPECT_EQ(gaps().count(), 3U);
  server.query("DELETE FROM kcloud_audit.audit_event");
  EXPECT_EQ(gaps().count(), 4U);
}

TEST_F(FleetReport, AnAgentIsNamedOnlyWhereRowsAgree) {
  Chain hub(1, catalogue);
  add(hub, "a", "node-1");
  add(hub, "b", "node-2");
  seal(hub, seconds(0));
  deliver(hub);
  EXPECT_THAT(told(gaps(), midnight), ::testing::ElementsAre(" 01 0-650"));
}

TEST_F(FleetReport, RetentionIsThatOfTheDatabase) {
  two_chains();
  server.query(
      "SET search_path = kcloud_audit; SET timezone = 'UTC'; INSERT INTO audit_retention VALUES "
      "(current_date - 50, current_date - 5, 1, 'owner'), (current_date - 40, current_date - 5, 7, "
      "'owner'), (current_date - 40, current_date - 4, 2, 'agent-2')");
  auto of = head();
  of.request.since = midnight - std::chrono::days(40) + std::chrono::hours(5);
  auto kept = evidence().read_kept(of, never);
  EXPECT_FALSE(kept.agent);
  EXPECT_EQ(kept.oldest, midnight);
  ASSERT_TRUE(kept.dropped);
  EXPECT_EQ(kept.dropped->days, 1U);
  EXPECT_EQ(kept.dropped->rows, 9U);
  ASSERT_EQ(kept.dropped->list.size(), 2U);
  EXPECT_EQ(kept.dropped->list[0].day, midnight - std::chrono::days(40));
  EXPECT_EQ(kept.dropped->list[0].at, midnight - std::chrono::days(5));
  EXPECT_EQ(kept.dropped->list[1].agent, "agent-2");
  EXPECT_TRUE(evidence().read_kept(head(), never).dropped->list.empty());
}

TEST_F(FleetReport, TheVerdictIsThatOfTheDatabase) {
  EXPECT_EQ(verify().verdict(), "none");
  two_chains();
  auto integrity = verify();
  EXPECT_EQ(integrity.verdict(), "ok");
  EXPECT_EQ(integrity.chains.size(), 2U);
  EXPECT_EQ(integrity.undelivered, 0U);
  EXPECT_EQ(integrity.command, "kcloud-logger audit verify --pg " +
                                   report::shell_word(config().url) + " --from " +
                                   core::format_time(head().request.since));
  server.query("UPDATE kcloud_audit.audit_event SET body = replace(body, 'two', 'twp')");
  integrity = verify();
  EXPECT_EQ(integrity.verdict(), "damaged");
  EXPECT_TRUE(integrity.chains[0].ok());
  ASSERT_FALSE(integrity.chains[1].ok());
  EXPECT_EQ(integrity.chains[1].findings[0].batch, 1U);
}

TEST_F(FleetReport, CheckpointsAreMetWhereTheDatabaseHasTheirBatches) {
  Chain chain(1, catalogue);
  for (int batch = 0; batch < 3; ++batch) seal(chain, seconds(batch));
  const auto key = audit::SigningKey::open(directory.path());
  std::ofstream file(directory.path() + "/checkpoints.jsonl");
  const auto keep = [&](const core::Seal& seal) {
    audit::Checkpoint checkpoint{.chain = seal.chain, .seq = seal.seq, .hash = seal.hash};
    checkpoint.agent = "agent-1";
    checkpoint.time = seal.sealed;
    key.sign(checkpoint);
    file << audit::to_json(checkpoint) << std::endl;
  };
  keep(chain.seals[1]);
  keep(chain.seals[2]);
  chain.seals.pop_back();
  deliver(chain);
  auto integrity = verify();
  EXPECT_EQ(integrity.verdict(), "ok");
  EXPECT_EQ(integrity.checkpoints, 2U);
  EXPECT_EQ(integrity.verified, 2U);
  EXPECT_EQ(integrity.undelivered, 1U);
  EXPECT_EQ(integrity.chains.at(0).heads_met, 1U);
  EXPECT_THAT(integrity.command, HasSubstr(" --heads "));
  auto other = chain.seals[0];
  other.hash = {};
  keep(other);
  EXPECT_EQ(verify().verdict(), "damaged");
}

TEST_F(FleetReport, IsWrittenInAllForms) {
  two_chains();
  Chain late(3, catalogue);
  add(late, "now", "agent-3", -5).received = midnight + seconds(650);
  seal(late, seconds(650));
  deliver(late);
  for (const auto format : kAll) {
    const auto text = write(head(seconds(650), format));
    const auto last = text.rfind('\n', text.size() - 2) + 1;
    EXPECT_THAT(text.substr(last), HasSubstr(core::to_hex(core::sha256(text.substr(0, last)))));
    EXPECT_THAT(text, HasSubstr("agent-2"));
    EXPECT_THAT(text, Not(HasSubstr("agent-3")));
  }
  EXPECT_THAT(write(head(seconds(651))), HasSubstr("agent-3"));
  const auto text = write(head());
  EXPECT_EQ(core::json_items(core::json_text_at(text, "rows")).size(), 2U);
  EXPECT_EQ(core::json_text_at(text, "head.backend"), "postgres");
  EXPECT_EQ(core::json_text_at(text, "integrity.verdict"), "ok");
  EXPECT_THAT(text, HasSubstr("\"gaps\":{\"count\":3,\"seconds\":1350,\"list\":[{"));
}

TEST_F(FleetReport, LooksWhetherItShallStop) {
  two_chains();
  auto proof = evidence();
  const auto of = head();
  report::Gaps gaps(of.request.since, of.request.until, seconds(60));
  const auto stopping = [] { return true; };
  EXPECT_THROW(proof.read_gaps(of, gaps, stopping), report::Stopped);
  EXPECT_THROW(proof.read_kept(of, stopping), report::Stopped);
  EXPECT_THROW(proof.verify(of, stopping), report::Stopped);
}

}  // namespace
}  // namespace kcloud::fleet
