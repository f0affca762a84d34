// Dead letters that come back: tried again, and removed.
#include <mutex>
#include <thread>
#include "agent/api/letter_retry.h"

#include "tests/api/fixture.h"

namespace kcloud::api {

class DeadLettersTest : public ApiTest {
 protected:
  DeadLettersTest() { config->intake.accept_unknown_types = false; }

  // The type `custom` is refused until the configuration takes unknown ones.
  void refuse(int n) {
    const Answer answer = post("/events", custom(n));
    ASSERT_EQ(answer.status, 422) << answer.body;
  }
  static std::string custom(int n) {
    return R"({"event_type":"custom","timestamp":"2025-01-15T10:30:00Z","n":)" + std::to_string(n) +
           "}";
  }
  void accept_unknown_types() {
    auto wanted = std::make_shared<config::Config>(*config);
    wanted->intake.accept_unknown_types = true;
    router->reload(wanted);
  }
  Answer remove(const std::string& path) {
    return client().exchange("DELETE " + path + " HTTP/1.1\r\nHost: localhost\r\n\r\n");
  }
  std::size_t kept() { return journal->reader()->dead_letters({.limit = 1000}).size(); }
  std::uint64_t letter(core::DeadLetter letter) {
    journal->move_cursor("exporter:x", journal->head(), {std::move(letter)}, {});
    journal->open_cursor("exporter:x", 0);  // waits for the commit
    return journal->reader()->dead_letters({.limit = 1}).front().id;
  }
};

TEST_F(DeadLettersTest, RefusedAgainStaysWithItsReason) {
  serve();
  refuse(1);
  const Answer answer = post("/dead-letters/1/retry", "");
  EXPECT_EQ(answer.status, 200) << answer.body;
  EXPECT_THAT(answer.body, HasSubstr(R"("retried":1,"stored":0,"duplicates":0,"delivered":0,)"));
  EXPECT_THAT(answer.body, HasSubstr(R"("refused":[{"id":1,"reason":"invalid_event")"));
  EXPECT_EQ(kept(), 1u);
}

TEST_F(DeadLettersTest, StoredOnceWhenTheTypeIsTaken) {
  serve();
  refuse(1);
  accept_unknown_types();
  const Answer answer = post("/dead-letters/1/retry", "");
  EXPECT_THAT(answer.body, HasSubstr(R"("retried":1,"stored":1,)")) << answer.body;
  EXPECT_EQ(kept(), 0u);
  EXPECT_EQ(journal->head(), 1u);
  EXPECT_EQ(post("/dead-letters/1/retry", "").status, 404);
  // The id is the one it would have had.
  EXPECT_THAT(post("/events", custom(1)).body, HasSubstr("\"duplicates\":1"));
  EXPECT_THAT(get("/events").body, HasSubstr("\"collector\":\"webhook\""));
}

TEST_F(DeadLettersTest, ADuplicateLeavesToo) {
  serve();
  refuse(1);
  accept_unknown_types();
  ASSERT_EQ(post("/events", custom(1)).status, 202);
  const Answer answer = post("/dead-letters/1/retry", "");
  EXPECT_THAT(answer.body, HasSubstr(R"("retried":1,"stored":0,"duplicates":1,)")) << answer.body;
  EXPECT_EQ(kept(), 0u);
  EXPECT_EQ(journal->head(), 1u);
}

TEST_F(DeadLettersTest, PageByPageByFilter) {
  serve();
  for (int n = 0; n < 5; ++n) refuse(n);
  accept_unknown_types();
  EXPECT_THAT(post("/dead-letters/retry?origin=collector:other", "").body,
              HasSubstr("\"retried\":0"));
  const Answer first = post("/dead-letters/retry?origin=collector:webhook&limit=3", "");
  EXPECT_THAT(first.body, HasSubstr(R"("stored":3,)"));
  EXPECT_THAT(first.body, HasSubstr(R"("next":3})"));
  const Answer last = post("/dead-letters/retry?reason=invalid_event&limit=3&before=3", "");
  EXPECT_THAT(last.body, HasSubstr(R"("stored":2,)"));
  EXPECT_THAT(last.body, HasSubstr(R"("next":null})"));
  EXPECT_EQ(kept(), 0u);
  EXPECT_EQ(journal->stats().dead_letters, 0u);
  EXPECT_THAT(get("/metrics").body,
              HasSubstr("kcloud_logger_journal_dead_letters_retried_total 5\n"));
}

TEST_F(DeadLettersTest, ACutBodyIsNotTriedAgain) {
  config->intake.dead_letter_body_bytes = 20;
  serve();
  refuse(1);
  accept_unknown_types();
  const Answer answer = post("/dead-letters/1/retry", "");
  EXPECT_EQ(answer.status, 409) << answer.body;
  EXPECT_THAT(answer.body, HasSubstr("dead_letter_body_bytes"));
  EXPECT_THAT(post("/dead-letters/retry", "").body,
              HasSubstr(R"("retried":0,"stored":0,"duplicates":0,"delivered":0,)"
                        R"("refused":[{"id":1,"reason":"not_retriable")"));
  EXPECT_EQ(kept(), 1u);
}

TEST_F(DeadLettersTest, WhatCannotBeDecodedAgainSaysWhy) {
  core::DeadLetter letter;
  letter.origin = "collector:webhook";
  EXPECT_THAT(unfit_to_retry(letter, 100), HasSubstr("withheld"));
  letter.body = "{}";
  EXPECT_EQ(unfit_to_retry(letter, 100), "");
  EXPECT_THAT(unfit_to_retry(letter, 2), HasSubstr("cut"));
  letter.reason = "too_large";
  EXPECT_THAT(unfit_to_retry(letter, 100), HasSubstr("beginning"));
  letter.reason = "invalid_event";
  letter.detail = "$: missing; body cut at 2 of 9 bytes";
  EXPECT_THAT(unfit_to_retry(letter, 100), HasSubstr("cut"));
}

TEST_F(DeadLettersTest, AConflictIsRefusedAgain) {
  serve();
  const std::string first = R"({"event_type":"scheduling_decision","event_id":"a",)"
                            R"("timestamp":"2025-01-15T10:30:00Z","workload_id":"w",)"
                            R"("selected_cluster":"c","n":)";
  post("/events", first + "1}");
  post("/events", first + "2}");
  ASSERT_EQ(kept(), 1u);
  const Answer answer = post("/dead-letters/retry?reason=id_conflict", "");
  EXPECT_THAT(answer.body, HasSubstr(R"("reason":"id_conflict")")) << answer.body;
  EXPECT_EQ(kept(), 1u);
}

TEST_F(DeadLettersTest, AnExporterGetsItsEventAgain) {
  config->intake.accept_unknown_types = true;
  bool silent = true;
  std::size_t delivered = 0;
  exporters.push_back(
      {.name = "x", .type = "influxdb", .status = [] { return delivery::Status{}; }});
  core::ExporterCounters counters;
  exporters.back().counters = &counters;
  exporters.back().deliver_beside = [&](std::shared_ptr<core::EventBatch> batch,
                                        std::function<void(const delivery::SideResult&)> done) {
    if (!silent) delivered += batch->events.size();
    done({!silent, silent ? "nobody answers" : "", {}});
  };
  serve();
  ASSERT_EQ(post("/events", custom(1)).status, 202);
  core::EventBatch batch;
  journal->reader()->read_after(0, 10, 1000, batch);
  core::DeadLetter refused;
  refused.origin = "exporter:x";
  refused.reason = "sink_rejected";
  refused.event_id = core::to_string(batch.events.at(0).id);
  const auto path = "/dead-letters/" + std::to_string(letter(refused)) + "/retry";
  EXPECT_EQ(post(path, "").status, 503);
  EXPECT_EQ(kept(), 1u);
  silent = false;
  EXPECT_THAT(post(path, "").body, HasSubstr(R"("delivered":1,"refused":[])"));
  EXPECT_EQ(delivered, 1u);
  EXPECT_EQ(kept(), 0u);

  refused.origin = "exporter:gone";
  const auto gone = "/dead-letters/" + std::to_string(letter(refused)) + "/retry";
  EXPECT_EQ(post(gone, "").status, 404);
}

TEST_F(DeadLettersTest, ACollectorsPositionIsRecalled) {
  config->intake.accept_unknown_types = true;
  config::CollectorConfig bus;
  bus.name = "bus";
  bus.type = "redis";
  config->collectors.push_back(bus);
  recall = [](const config::CollectorConfig& collector, core::TransportHints& hints) {
    EXPECT_EQ(collector.name, "bus");
    EXPECT_EQ(hints.position, "s/7");
    hints.time = core::from_nanos(1'736'900'000'000'000'000);
  };
  serve();
  core::DeadLetter refused;
  refused.origin = "collector:bus";
  refused.position = "s/7";
  refused.reason = "invalid_event";
  refused.body = R"({"event_type":"custom"})";
  refused.received = clock.now();
  const auto path = "/dead-letters/" + std::to_string(letter(refused)) + "/retry";
  EXPECT_THAT(post(path, "").body, HasSubstr(R"("stored":1,)"));
  EXPECT_THAT(get("/events").body, HasSubstr(R"("time":"2025-01-15T00:13:20Z")"));
}

// Each retry waits for its sink, and none of the queries for them.
TEST_F(DeadLettersTest, QueriesAreAnsweredWhileRetriesWaitOnASinkThatHangs) {
  config->intake.accept_unknown_types = true;
  std::mutex mutex;
  std::vector<std::function<void(const delivery::SideResult&)>> waiting;
  core::ExporterCounters counters;
  exporters.push_back(
      {.name = "x", .type = "influxdb", .status = [] { return delivery::Status{}; }});
  exporters.back().counters = &counters;
  exporters.back().deliver_beside = [&](std::shared_ptr<core::EventBatch>,
                                        std::function<void(const delivery::SideResult&)> done) {
    const std::scoped_lock lock(mutex);
    waiting.push_back(std::move(done));
  };
  serve();
  ASSERT_EQ(post("/events", custom(1)).status, 202);
  core::EventBatch batch;
  journal->reader()->read_after(0, 10, 1000, batch);
  core::DeadLetter refused;
  refused.origin = "exporter:x";
  refused.event_id = core::to_string(batch.events.at(0).id);
  const auto path = "/dead-letters/" + std::to_string(letter(refused)) + "/retry";
  std::vector<std::jthread> retries;
  std::vector<int> statuses(8);
  for (int& status : statuses) retries.emplace_back([&] { status = post(path, "").status; });
  const auto hangs = [&] {
    const std::scoped_lock lock(mutex);
    return !waiting.empty();
  };
  for (int i = 0; i < 400 && !hangs(); ++i)
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
  ASSERT_TRUE(hangs());
  std::chrono::steady_clock::duration longest{};
  for (int i = 0; i < 50; ++i) {
    const auto begin = std::chrono::steady_clock::now();
    EXPECT_EQ(get("/events").status, 200);
    longest = std::max(longest, std::chrono::steady_clock::now() - begin);
  }
  const double ms = std::chrono::duration<double, std::milli>(longest).count();
  std::printf("slowest of 50 queries beside 8 hung retries: %.1f ms\n", ms);
  EXPECT_LT(ms, 2000);
  std::atomic<bool> over{false};
  std::jthread answers([&] {
    while (!over) {
      std::vector<std::function<void(const delivery::SideResult&)>> now;
      {
        const std::scoped_lock lock(mutex);
        now.swap(waiting);
      }
      for (const auto& done : now) done({false, "nobody answers", {}});
      std::this_thread::sleep_for(std::chrono::milliseconds(1));
    }
  });
  retries.clear();
  over = true;
  for (const int status : statuses) EXPECT_EQ(status, 503) << "not delivered, or turned away";
}

TEST_F(DeadLettersTest, RemovedByNumberAndByFilter) {
  serve();
  for (int n = 0; n < 4; ++n) refuse(n);
  EXPECT_EQ(remove("/dead-letters/2").status, 200);
  EXPECT_EQ(remove("/dead-letters/2").status, 404);
  EXPECT_EQ(remove("/dead-letters").status, 400);
  EXPECT_EQ(remove("/dead-letters?all=yes").status, 400);
  EXPECT_EQ(kept(), 3u);
  EXPECT_EQ(remove("/dead-letters?reason=too_large").body, "{\"removed\":0,\"next\":null}\n");
  EXPECT_EQ(remove("/dead-letters?reason=invalid_event&limit=2").body,
            "{\"removed\":2,\"next\":3}\n");
  EXPECT_EQ(remove("/dead-letters?all=true").body, "{\"removed\":1,\"next\":null}\n");
  EXPECT_EQ(kept(), 0u);
  EXPECT_THAT(get("/metrics").body,
              HasSubstr("kcloud_logger_journal_dead_letters_purged_total 4\n"));
}

TEST_F(DeadLettersTest, OnlyAnAdminMay) {
  config->http.anonymous_roles.clear();
  config->http.tokens = {{"reader", {"read-token-0001"}, {"read"}}};
  serve();
  const std::string token = "Authorization: Bearer read-token-0001\r\n";
  EXPECT_EQ(post("/dead-letters/retry", "", token).status, 403);
  EXPECT_EQ(post("/dead-letters/1/retry", "", token).status, 403);
  EXPECT_EQ(remove("/dead-letters?all=true").status, 401);
}

TEST_F(DeadLettersTest, CountedByReason) {
  serve();
  refuse(1);
  refuse(2);
  EXPECT_THAT(
      get("/metrics").body,
      HasSubstr("kcloud_logger_journal_dead_letters_by_reason{reason=\"invalid_event\"} 2\n"));
  EXPECT_THAT(get("/health").body, HasSubstr("\"dead_letters\":2"));
}

}  // namespace kcloud::api
