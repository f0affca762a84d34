#include <gmock/gmock.h>

#include <algorithm>
#include <random>

#include "agent/journal/journal.h"
#include "agent/journal/reader.h"
#include "tests/journal/event_maker.h"

namespace kcloud::journal {
namespace {

using test::EventSpec;

struct Stored {
  EventSpec spec;
  core::EventId id;
  core::Time received;
};

// Random events over hours, late ones among them, many with the same time, in more than one bucket.
class QueryTest : public testing::Test {
 protected:
  void SetUp() override {
    Options options;
    options.directory = directory_.path();
    journal_ = std::make_unique<Journal>(options, clock_);
    const core::Time start = clock_.now();
    static constexpr std::array kTypes{"scheduling_decision", "workload_relocation",
                                       "policy_change"};
    for (int batch = 0; batch < 20; ++batch) {
      std::vector<EventSpec> specs;
      for (int i = 0; i < 1000; ++i) {
        EventSpec spec;
        spec.type = kTypes[random_() % 100 == 0 ? 2 : random_() % 2];
        spec.time = start + std::chrono::seconds(batch * 10 + random_() % 12);
        if (random_() % 50 == 0) spec.time -= std::chrono::hours(random_() % 48);
        spec.key = std::to_string(batch) + "-" + std::to_string(i);
        spec.workload = "w/" + std::to_string(random_() % 200);
        spec.cluster = "c" + std::to_string(random_() % 5);
        specs.push_back(spec);
      }
      clock_.advance(std::chrono::seconds(10));
      auto intake = test::intake(specs, clock_.now());
      ASSERT_EQ(core::accept_and_wait(*journal_, intake), core::CommitStatus::kCommitted);
      for (std::size_t i = 0; i < specs.size(); ++i) {
        all_.push_back({specs[i], intake->batch.events[i].id, clock_.now()});
      }
    }
    reader_ = journal_->reader();
  }

  std::vector<core::EventId> expected(const Query& query) const {
    std::vector<const Stored*> found;
    for (const auto& event : all_) {
      const bool fits =
          (query.type.empty() || event.spec.type == query.type) &&
          (query.workload.empty() || event.spec.workload == query.workload) &&
          (query.cluster.empty() || event.spec.cluster == query.cluster) &&
          (!query.since || event.spec.time >= *query.since) &&
          (!query.until || event.spec.time < *query.until) &&
          (!query.received_since || event.received >= *query.received_since) &&
          (!query.received_until || event.received < *query.received_until) &&
          (query.text.empty() || event.spec.key.find(query.text) != std::string::npos);
      if (fits) found.push_back(&event);
    }
    std::sort(found.begin(), found.end(), [&](const Stored* a, const Stored* b) {
      const auto left = std::pair(a->spec.time, a->id);
      const auto right = std::pair(b->spec.time, b->id);
      return query.order == Order::kNewestFirst ? left > right : left < right;
    });
    std::vector<core::EventId> ids;
    for (const auto* event : found) ids.push_back(event->id);
    return ids;
  }

  std::vector<core::EventId> all_pages(Query query) {
    std::vector<core::EventId> ids;
    for (int pages = 0; pages < 100'000; ++pages) {
      const Page page = reader_->query(query);
      EXPECT_LE(page.batch.events.size(), query.limit);
      for (const auto& event : page.batch.events) ids.push_back(event.id);
      if (!page.next) return ids;
      query.after = page.next;
    }
    ADD_FAILURE() << "paging does not end";
    return ids;
  }

  test::TemporaryDirectory directory_;
  test::ManualClock clock_;
  std::mt19937 random_{7};
  std::unique_ptr<Journal> journal_;
  std::unique_ptr<Reader> reader_;
  std::vector<Stored> all_;
};

TEST_F(QueryTest, EveryFilterAgreesWithBruteForceInBothOrders) {
  const core::Time middle = all_[10'000].spec.time;
  std::vector<std::pair<const char*, Query>> cases(12);
  cases[0].first = "everything";
  cases[1] = {"type", {}};
  cases[1].second.type = "workload_relocation";
  cases[2] = {"rare type", {}};
  cases[2].second.type = "policy_change";
  cases[3] = {"workload", {}};
  cases[3].second.workload = "w/17";
  cases[4] = {"workload and type", {}};
  cases[4].second.workload = "w/17";
  cases[4].second.type = "scheduling_decision";
  cases[5] = {"cluster", {}};
  cases[5].second.cluster = "c3";
  cases[6] = {"since and until", {}};
  cases[6].second.since = middle;
  cases[6].second.until = middle + std::chrono::seconds(30);
  cases[7] = {"workload since", {}};
  cases[7].second.workload = "w/5";
  cases[7].second.since = middle;
  cases[8] = {"received interval", {}};
  cases[8].second.received_since = all_[5'000].received;
  cases[8].second.received_until = all_[6'000].received;
  cases[9] = {"text", {}};
  cases[9].second.text = "9-99";
  cases[10] = {"unknown type", {}};
  cases[10].second.type = "nothing";
  cases[11] = {"unknown workload", {}};
  cases[11].second.workload = "nobody";
  for (auto& [name, query] : cases) {
    for (const Order order : {Order::kNewestFirst, Order::kOldestFirst}) {
      query.order = order;
      query.limit = 997;
      EXPECT_EQ(all_pages(query), expected(query)) << name;
    }
  }
}

TEST_F(QueryTest, SmallPagesOfOneWorkloadAreStable) {
  Query query;
  query.workload = "w/3";
  query.limit = 7;
  EXPECT_EQ(all_pages(query), expected(query));
}

TEST_F(QueryTest, ScansStopAtTheWorkLimitAndContinue) {
  Query query;
  query.text = "19-999";
  query.order = Order::kOldestFirst;
  query.work_limit = std::chrono::milliseconds(0);
  const Page first = reader_->query(query);
  EXPECT_TRUE(first.stopped_early);
  EXPECT_TRUE(first.next.has_value());
  EXPECT_EQ(all_pages(query), expected(query));
  query = {};
  query.workload = "w/3";
  query.work_limit = std::chrono::milliseconds(0);
  EXPECT_EQ(all_pages(query), expected(query));
}

TEST_F(QueryTest, APageEndsAtItsBytes) {
  Query query;
  query.max_bytes = 100;  // a few bodies
  query.since = all_[9'000].spec.time;
  query.until = *query.since + std::chrono::seconds(2);
  EXPECT_LT(reader_->query(query).batch.events.size(), 10U);
  EXPECT_EQ(all_pages(query), expected(query));
  query.workload = "w/3";
  query.since = query.until = std::nullopt;
  EXPECT_LT(reader_->query(query).batch.events.size(), 10U);
  EXPECT_EQ(all_pages(query), expected(query));
}

TEST_F(QueryTest, PagesStayWhileNewEventsArrive) {
  Query query;
  query.limit = 500;
  const auto before = expected(query);
  const Page first = reader_->query(query);
  auto late =
      test::intake({{.time = clock_.now() + std::chrono::hours(1), .key = "newer"}}, clock_.now());
  ASSERT_EQ(core::accept_and_wait(*journal_, late), core::CommitStatus::kCommitted);
  query.after = first.next;
  const Page second = reader_->query(query);
  EXPECT_EQ(second.batch.events.front().id, before[500]);
}

TEST_F(QueryTest, FindsById) {
  core::EventBatch batch;
  EXPECT_TRUE(reader_->find(all_[123].id, batch));
  EXPECT_EQ(batch.events.at(0).id, all_[123].id);
  auto unknown = all_[123].id;
  unknown.bytes[15] ^= 1;
  EXPECT_FALSE(reader_->find(unknown, batch));
  unknown.bytes[0] = 1;
  EXPECT_FALSE(reader_->find(unknown, batch));
}

}  // namespace
}  // namespace kcloud::journal
