// Listings from a real PostgreSQL against those of a journal with the same events.
#include "agent/fleet/event_table.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>
#include <random>

#include "agent/fleet/event_sql.h"
#include "agent/journal/journal.h"
#include "exporters/postgres/exporter.h"
#include "tests/exporters/postgres/fixtures.h"
#include "tests/journal/event_maker.h"

namespace kcloud::fleet {
namespace {

using journal::Order;
using journal::Page;
using journal::Query;
using Lines = std::vector<std::string>;
using Ask = std::function<Page(const Query&)>;
namespace chrono = std::chrono;
namespace pg = postgres::testing;

constexpr int kEvents = 1'500;

std::string line(const core::Event& event) {
  std::string out = to_string(event.id) + ' ' + std::to_string(core::to_nanos(event.time)) + ' ' +
                    std::to_string(core::to_nanos(event.received) / 1000);
  for (const auto text : {event.type_name, event.source, event.workload, event.cluster,
                          event.severity, event.collector, event.agent, event.body})
    out.append("|").append(text);
  EXPECT_EQ(event.verdict, core::Verdict::kStored);
  return out;
}

Lines lines(const core::EventBatch& batch) {
  Lines out;
  for (const auto& event : batch.events) out.push_back(line(event));
  return out;
}

std::vector<Lines> pages(const Ask& ask, Query query) {
  std::vector<Lines> out;
  do {
    const Page page = ask(query);
    EXPECT_FALSE(page.stopped_early);
    out.push_back(lines(page.batch));
    query.after = page.next;
  } while (query.after && out.size() < 10'000);
  return out;
}

std::string pick(std::mt19937& random, std::initializer_list<const char*> texts) {
  return texts.begin()[random() % texts.size()];
}

// Texts of all lengths, those that PostgreSQL compresses and those that it keeps elsewhere too.
std::string body(std::mt19937& random, int number) {
  std::string filler;
  if (random() % 20 == 0) filler.assign(random() % 9'000, 'x');
  if (random() % 50 == 0)
    for (int i = 0; i < 9'000; ++i) filler += static_cast<char>('a' + random() % 26);
  return "{\"key\":\"" + std::to_string(number) + "\",\"message\":\"" +
         pick(random, {"GPU 메모리 부족", "gpu 메모리", "Gpu memory", "Élan", "élan", "ÉLAN",
                       "100%_done", "back\\\\slash", "ordinary"}) +
         "\",\"filler\":\"" + filler + "\"}";
}

core::Event make(core::EventBatch& batch, std::mt19937& random, int number, core::Time start) {
  core::Event event;
  // Many in one millisecond, some in one microsecond, a few at one time.
  event.time = start + chrono::minutes(random() % 5) + chrono::milliseconds(random() % 20) +
               chrono::microseconds(random() % 3) + chrono::nanoseconds(random() % 4);
  event.received =
      event.time + chrono::milliseconds(random() % 2'000) + chrono::nanoseconds(random() % 1'000);
  event.id = core::make_event_id(event.time, core::key_digest("test", std::to_string(number)));
  const auto keep = [&](const std::string& text) { return batch.keep(text); };
  event.type_name = keep(random() % 50 == 0 ? "rare" : pick(random, {"decision", "alert", "유형"}));
  event.source = keep(pick(random, {"scheduler-a", "스케줄러", ""}));
  event.workload = keep(random() % 4 == 0 ? pick(random, {"", "학습/작업"})
                                          : "w/" + std::to_string(random() % 30));
  event.cluster = keep(pick(random, {"seoul", "부산", "부산2", ""}));
  event.severity = keep(pick(random, {"", "info", "critical"}));
  event.collector = keep(pick(random, {"webhook", "kafka"}));
  event.agent = keep(pick(random, {"agent-1", "에이전트"}));
  event.body = keep(body(random, number));
  event.body_hash = core::sha256(event.body);
  return event;
}

struct FleetEvents : ::testing::Test {
  test_support::PostgresServer& server = pg::empty_server();
  std::shared_ptr<const core::Catalogue> catalogue = pg::make_catalogue();
  std::optional<postgres::Connection> connection;
  journal::test::TemporaryDirectory directory;
  journal::test::ManualClock clock;
  std::unique_ptr<journal::Journal> journal;
  std::unique_ptr<journal::Reader> reader;
  std::mt19937 random{11};
  core::EventBatch all;  // as the journal has them

  void SetUp() override {
    postgres::Exporter(pg::config_of(server), catalogue, "a").sealed_head({});  // the schema
    connection.emplace(pg::config_of(server), -1);
  }

  void fill_journal() {
    journal::Options options;
    options.directory = directory.path();
    journal = std::make_unique<journal::Journal>(options, clock);
    for (int number = 0; number < kEvents;) {
      auto intake = std::make_unique<core::Intake>();
      for (int i = 0; i < 500; ++i, ++number)
        intake->batch.events.push_back(make(intake->batch, random, number, clock.now()));
      ASSERT_EQ(core::accept_and_wait(*journal, intake), core::CommitStatus::kCommitted);
    }
    reader = journal->reader();
    reader->read_after(0, kEvents, static_cast<std::size_t>(-1), all);
    ASSERT_EQ(all.events.size(), static_cast<std::size_t>(kEvents));
  }

  // In batches of three days, so in three partitions.
  void fill_both() {
    fill_journal();
    pg::Chain chain(1, catalogue);
    for (const int part : {0, 1, 2}) {
      for (int i = part * kEvents / 3; i < (part + 1) * kEvents / 3; ++i) {
        auto& event = chain.batch.events.emplace_back(all.events[static_cast<std::size_t>(i)]);
        event.body_hash = core::sha256(event.body);
        event.type = catalogue->find(event.type_name);
      }
      chain.seal(pg::today() - 2 + part);
    }
    postgres::Exporter exporter(pg::config_of(server), catalogue, "a");
    const auto delivery = exporter.deliver_sealed(chain.sealed());
    ASSERT_EQ(delivery.kind, core::Delivery::Kind::kDelivered) << delivery.reason;
  }

  const core::Event& any() { return all.events[random() % all.events.size()]; }

  void expect_same(const std::string& name, Query query) {
    query.work_limit = chrono::hours(1);
    EventTable table(*connection);
    for (const Order order : {Order::kNewestFirst, Order::kOldestFirst}) {
      query.order = order;
      auto expected = pages([&](const Query& q) { return reader->query(q); }, query);
      const auto found = pages([&](const Query& q) { return table.page(q); }, query);
      // The journal says that there is more as long as it has not looked at every event.
      if (expected.size() > 1 && expected.back().empty()) expected.pop_back();
      ASSERT_EQ(found.size(), expected.size()) << name;
      for (std::size_t page = 0; page < found.size(); ++page)
        ASSERT_EQ(found[page], expected[page]) << name << ", page " << page;
    }
  }

  std::string plan(const Query& query) {
    const auto statement = select_page(query);
    const auto rows = connection->run("EXPLAIN " + statement.text, statement.parameters);
    std::string out;
    for (std::size_t row = 0; row < rows.rows(); ++row) out.append(rows.value(row, 0)).append("\n");
    return out;
  }

  // Rows without the way of events, over the last three days.
  void fill_table(int rows) {
    server.query(
        "SET search_path = kcloud_audit; SET timezone = 'UTC'; SELECT "
        "audit_make_partitions(current_date - 3, current_date - 1); INSERT INTO audit_event "
        "(ingest_day, event_id, time, time_ns, received, type, source, workload, cluster, "
        "severity, "
        "collector, agent, body) SELECT at::date, gen_random_uuid(), at, (extract(epoch FROM at) * "
        "1000000)::bigint * 1000, at, 'type' || n % 7, 'source', 'w/' || n % 500, 'c' || n % 5, "
        "'info', 'webhook', 'agent-' || n % 3, '{\"key\":' || n || ',\"text\":\"' || repeat('y', "
        "300) || '\"}' FROM (SELECT n, date_trunc('day', now()) - n * interval '1 day' * 3 / " +
        std::to_string(rows) + " AS at FROM generate_series(1, " + std::to_string(rows) +
        ") n) made; ANALYZE audit_event");
  }
};

std::vector<std::pair<std::string, Query>> single_filters(const core::Event& some) {
  std::vector<std::pair<std::string, Query>> cases{{"everything", {}}};
  const auto add = [&](const std::string& name, auto member, const std::string& value) {
    cases.emplace_back(name + ' ' + value, Query{}).second.*member = value;
  };
  for (const auto* type : {"decision", "유형", "rare", "none"}) add("type", &Query::type, type);
  for (const auto* name : {"w/7", "학습/작업", "none"}) add("workload", &Query::workload, name);
  for (const auto* name : {"부산", "seoul"}) add("cluster", &Query::cluster, name);
  for (const auto* name : {"스케줄러", "SCHEDULER-A"}) add("source", &Query::source, name);
  add("severity", &Query::severity, "critical");
  for (const auto* text : {"gpu", "GPU 메모리", "메모리", "élan", "Élan", "ÉLAN", "É", "%_d",
                           "\\\\", "\xEB\xA9", "key\":\"12", "KEY\":\"149", "\xFF", "nothing"})
    add("q", &Query::text, text);
  add("q with a NUL", &Query::text, std::string("g\0u", 3));
  add("source with a NUL", &Query::source, std::string("a\0b", 3));
  for (const int shift : {-1, 0, 1, 1'000}) {
    const auto at = some.time + chrono::nanoseconds(shift);
    cases.emplace_back("since", Query{}).second.since = at;
    cases.emplace_back("until", Query{}).second.until = at;
  }
  return cases;
}

TEST_F(FleetEvents, EveryFilterAnswersAsTheJournalDoes) {
  fill_both();
  for (auto& [name, query] : single_filters(any())) {
    for (const std::size_t limit : {7, 100, 1'000}) {
      query.limit = limit;
      expect_same(name + " by " + std::to_string(limit), query);
    }
    query.max_bytes = 3'000;
    expect_same(name + " by bytes", query);
  }
}

TEST_F(FleetEvents, FiltersTogetherAnswerAsTheJournalDoes) {
  fill_both();
  const auto maybe = [&] { return random() % 3 == 0; };
  for (int i = 0; i < 80; ++i) {
    Query query;
    query.limit = std::array<std::size_t, 4>{1, 3, 20, 500}[random() % 4];
    const core::Event& some = any();
    const auto interval = chrono::nanoseconds(random() % 2 == 0 ? random() % 3'000'000 : 0) +
                          chrono::minutes(random() % 3);
    query.since = some.time;
    if (!maybe()) query.until = some.time + interval;
    if (maybe()) query.type = some.type_name;
    if (maybe()) query.workload = some.workload;
    if (maybe()) query.cluster = some.cluster;
    if (maybe()) query.source = some.source;
    if (maybe()) query.severity = some.severity;
    if (maybe()) query.text = pick(random, {"gPU", "x", "élan"});
    // In whole microseconds, as the rows have it.
    const auto received = chrono::floor<chrono::microseconds>(some.received);
    if (maybe()) query.received_since = received;
    if (maybe()) query.received_until = received + chrono::seconds(30);
    expect_same("case " + std::to_string(i), query);
  }
}

// By the event's nanoseconds: within one microsecond each event is a page of its own.
TEST_F(FleetEvents, IntervalsAndPagesGoByNanoseconds) {
  fill_both();
  for (int i = 0; i < 30; ++i) {
    Query query;
    query.limit = 1;
    query.since = any().time - chrono::nanoseconds(random() % 3);
    query.until = *query.since + chrono::nanoseconds(random() % 5'000);
    expect_same("case " + std::to_string(i), query);
  }
}

TEST_F(FleetEvents, FindsWhatTheJournalFinds) {
  fill_both();
  EventTable table(*connection);
  core::EventBatch found, expected;
  for (int i = 0; i < 100; ++i) {
    const auto id = any().id;
    EXPECT_TRUE(table.find(id, found));
    reader->find(id, expected);
  }
  EXPECT_EQ(lines(found), lines(expected));
  auto unknown = any().id;
  unknown.bytes[15] ^= 1;
  EXPECT_FALSE(table.find(unknown, found));
  unknown.bytes[0] = 1;  // of a day without a partition
  EXPECT_FALSE(table.find(unknown, found));
  EXPECT_EQ(found.events.size(), 100u);
}

TEST_F(FleetEvents, EventsOfARangeComeInBatchesByTime) {
  fill_both();
  for (const std::string type : {"", "decision", "none"}) {
    Query query;
    query.type = type;
    query.since = clock.now() + chrono::nanoseconds(1'500'001);
    query.until = clock.now() + chrono::minutes(4) + chrono::nanoseconds(10'001'002);
    query.order = Order::kOldestFirst;
    query.limit = kEvents;
    query.work_limit = chrono::hours(1);
    std::vector<core::EventBatch> batches;
    EventTable(*connection).events(type, *query.since, *query.until, [&](core::EventBatch& batch) {
      EXPECT_LE(batch.events.size(), 1'000u);
      batches.push_back(std::move(batch));
    });
    Lines found;
    for (const auto& batch : batches)
      for (const auto& event : batch.events) found.push_back(line(event));
    EXPECT_EQ(found, lines(reader->query(query).batch)) << type;
    EXPECT_EQ(batches.size(), (found.size() + 999) / 1'000) << type;
    EXPECT_TRUE(!type.empty() || batches.size() > 1);
  }
}

TEST_F(FleetEvents, WhatHasNoColumnIsEmptyAndItsBodyIsThere) {
  pg::Chain chain(1, catalogue);
  const std::string longest(5'000, 'w');
  auto& event = chain.add("poison");
  event.source = std::string_view("a\0b", 3);
  event.cluster = "\xED\xA0\x80";
  event.workload = longest;
  event.body = R"({"note":"\u0000 Gpu"})";
  chain.seal();
  postgres::Exporter exporter(pg::config_of(server), catalogue, "a");
  ASSERT_EQ(exporter.deliver_sealed(chain.sealed()).kind, core::Delivery::Kind::kDelivered);
  Query query;
  query.text = "gpu";
  const auto page = EventTable(*connection).page(query);
  ASSERT_EQ(page.batch.events.size(), 1u);
  const auto& found = page.batch.events[0];
  EXPECT_EQ(found.body, event.body);
  EXPECT_EQ(found.type_name, "decision");
  EXPECT_EQ(std::string(found.source) + std::string(found.cluster) + std::string(found.workload),
            "");
  query.workload = longest;
  EXPECT_TRUE(EventTable(*connection).page(query).batch.events.empty());
}

TEST_F(FleetEvents, APageTakesAnIndexOnTheTime) {
  using ::testing::HasSubstr;
  using ::testing::Not;
  fill_table(20'000);
  Query everything, of_type, of_workload;
  of_type.type = "type3";
  of_workload.workload = "w/17";
  for (Query query : {everything, of_type}) {
    const auto first = plan(query);
    EXPECT_THAT(first, HasSubstr("Incremental Sort"));
    EXPECT_THAT(first, HasSubstr("Index Scan"));
    EXPECT_THAT(first, Not(HasSubstr("Seq Scan")));
    query.after = EventTable(*connection).page(query).next;
    ASSERT_TRUE(query.after);
    for (query.order = Order::kNewestFirst;; query.order = Order::kOldestFirst) {
      const auto next = plan(query);
      EXPECT_THAT(next, ::testing::ContainsRegex("Index Cond: .*ROW\\(\"?time\"?, time_ns"));
      EXPECT_THAT(next, Not(HasSubstr("Seq Scan")));
      if (query.order == Order::kOldestFirst) break;
    }
  }
  EXPECT_THAT(plan(of_workload), Not(HasSubstr("Seq Scan")));
}

}  // namespace
}  // namespace kcloud::fleet
