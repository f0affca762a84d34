// Events as the writer hands them on: the same as reading them back gives.
#include <gmock/gmock.h>

#include <fstream>
#include <sstream>

#include "agent/delivery/event_feed.h"
#include "core/json.h"
#include "tests/delivery/journal_fixture.h"

namespace kcloud::delivery {
namespace {

using Stored = std::shared_ptr<const journal::StoredEvents>;

std::string shown(const core::Event& event) {
  std::ostringstream out;
  out << event.seq << ' ' << to_string(event.id) << ' ' << core::to_nanos(event.time) << ' '
      << core::to_nanos(event.received) << ' ' << event.type << ' ' << event.type_name << ' '
      << event.source << ' ' << event.workload << ' ' << event.cluster << ' ' << event.severity
      << ' ' << event.actor << ' ' << event.reason << ' ' << event.collector << ' ' << event.agent
      << ' ' << event.via << ' ' << event.body << ' ' << static_cast<int>(event.time_source)
      << event.zone_assumed << event.keyed << event.came_back << static_cast<int>(event.verdict);
  for (const auto& field : event.fields) {
    std::string value = field.present() ? std::string() : "-";
    if (field.present()) core::append_json_value(value, field);
    out << ' ' << static_cast<int>(field.kind) << value;
  }
  return out.str();
}

class StoredEvents : public testing::JournalFixture {
 protected:
  void SetUp() override {
    JournalFixture::SetUp();
    subscribe();
  }
  void subscribe() {
    subscription_ = journal_->subscribe_stored([this](Stored stored) { got_.push_back(stored); });
  }
  static std::string sample(const std::string& type) {
    std::ifstream file(std::string(KCLOUD_SOURCE_DIR) + "/tests/system/samples/" + type + ".json");
    std::ostringstream text;
    text << file.rdbuf();
    return text.str();
  }

  std::vector<Stored> got_;
  std::unique_ptr<journal::Journal::Subscription> subscription_;
};

TEST_F(StoredEvents, AreWhatReadingThemGives) {
  store({sample("scheduling_decision"), sample("workload_relocation"),
         sample("cluster_reconfiguration"), sample("inefficiency_detected"),
         R"({"event_type":"policy_change","timestamp":"2025-01-15T10:30:00","actor":"kim",
             "event_id":"p-1","action":"update","policy":"cost","reason":"line\nbreak \u00e9"})",
         R"({"event_type":"scheduling_decision","scheduler":"s","workload":{"id":"w"},
             "decision":{"selected_cluster":"c"},"execution_time_ms":"1.5s"})",
         R"({"event_type":"of_nobody","timestamp":"2025-01-15T10:30:00Z","a":1})"});
  ASSERT_EQ(got_.size(), 1u);
  const auto& stored = *got_[0];
  EXPECT_EQ(stored.after, 0u);
  EXPECT_EQ(stored.to, 7u);
  core::EventBatch read;
  journal_->reader()->read_after(0, 100, 1 << 20, read);
  core::Decoder decoder(*catalogue_, {});
  ASSERT_EQ(read.events.size(), 7u);
  for (std::size_t i = 0; i < 7; ++i) {
    decoder.decode_fields(read.events[i], read);
    EXPECT_EQ(shown(stored.events.events[i]), shown(read.events[i]));
    EXPECT_EQ(stored.events.events[i].body_hash, core::sha256(read.events[i].body));
  }
}

TEST_F(StoredEvents, AreThoseThatAreNew) {
  store_decisions(1, 3);
  store_decisions(2, 4);
  store_decisions(2, 4);
  ASSERT_EQ(got_.size(), 2u);
  EXPECT_EQ(got_[1]->after, 3u);
  ASSERT_EQ(got_[1]->events.events.size(), 2u);
  EXPECT_EQ(got_[1]->events.events[0].workload, "job-4");
}

TEST_F(StoredEvents, SaveTheReading) {
  EventFeed feed;
  store_decisions(1, 50);
  feed.offer(got_.at(0), *catalogue_);
  got_.clear();
  core::EventBatch batch;
  const auto none = [](std::uint64_t after, std::size_t, std::size_t, core::EventBatch&) {
    return after;
  };
  EXPECT_EQ(feed.read_after(10, 20, 1 << 20, batch, none), 30u);
  ASSERT_EQ(batch.events.size(), 20u);
  feed.forget();
  EXPECT_EQ(batch.events[0].workload, "job-11");
  EXPECT_EQ(batch.events[0].collector, "webhook");
  EXPECT_EQ(feed.loaded(), 0u);
}

TEST_F(StoredEvents, OfAnotherCatalogueOrWithoutFieldsAreRead) {
  const auto other = config::load_catalogue({}, config::Environment::system(), problems_);
  EventFeed feed;
  store_decisions(1, 5);
  feed.offer(got_.at(0), *other);
  EXPECT_EQ(feed.bytes(), 0u);
  store({R"({"event_type":"of_nobody","timestamp":"2025-01-15T10:30:00Z","a":1})"});
  feed.offer(got_.at(1), *catalogue_);
  EXPECT_EQ(feed.bytes(), 0u);
  feed.offer(got_.at(0), *catalogue_);
  EXPECT_GT(feed.bytes(), 0u);
}

TEST_F(StoredEvents, OutliveTheCollectorThatTookThem) {
  auto name = std::make_unique<std::string>("of-redis");
  core::Decoder decoder(*catalogue_, {});
  auto intake = std::make_unique<core::Intake>();
  core::TransportHints hints;
  hints.collector = hints.agent = *name;
  hints.received = clock_.now();
  std::vector<core::FieldError> errors;
  std::vector<std::string_view> warnings;
  ASSERT_TRUE(
      decoder.decode(sample("scheduling_decision"), hints, intake->batch, errors, warnings));
  ASSERT_EQ(core::accept_and_wait(*journal_, intake), core::CommitStatus::kCommitted);
  intake.reset();
  name->assign("gone ghost");
  name.reset();
  EXPECT_EQ(got_.at(0)->events.events.at(0).collector, "of-redis");
  EXPECT_EQ(got_.at(0)->events.events.at(0).agent, "of-redis");
}

}  // namespace
}  // namespace kcloud::delivery
