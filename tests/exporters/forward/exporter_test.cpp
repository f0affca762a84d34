// The exporter against a real agent's routes and journal.
#include "exporters/forward/exporter.h"

#include <future>

#include "tests/api/fixture.h"

namespace kcloud::forward {
namespace {

using core::Delivery;
using ::testing::HasSubstr;
using Kind = Delivery::Kind;
using Outcome = core::ProbeStep::Outcome;

constexpr const char* kToken = "forward-token-000001";

class ForwardExporterTest : public api::ApiTest {
 protected:
  ForwardExporterTest() {
    config->http.anonymous_roles = {"ingest", "read"};
    config->http.tokens = {{"nodes", {kToken}, {"forward"}}};
    decoder_.emplace(*config->catalogue, core::DecodeOptions{});
  }

  Config options() {
    Config options;
    options.upstreams = {"http://127.0.0.1:" + std::to_string(server->port())};
    options.token = {kToken};
    return options;
  }

  core::EventBatch made(int count, int from = 0) {
    core::EventBatch batch;
    core::TransportHints hints;
    hints.received = clock.now();
    hints.collector = "webhook";
    hints.agent = "node";
    std::vector<core::FieldError> errors;
    std::vector<std::string_view> warnings;
    for (int i = from; i < from + count; ++i) {
      const std::string body = R"({"event_type":"x","timestamp":")" +
                               core::format_time(clock.now()) + R"(","n":)" + std::to_string(i) +
                               "}";
      EXPECT_TRUE(decoder_->decode(body, hints, batch, errors, warnings));
    }
    return batch;
  }
  std::span<const core::Event> events(int count) {
    batch_ = made(count);
    return batch_.events;
  }

  std::optional<core::Decoder> decoder_;
  core::EventBatch batch_;
};

TEST_F(ForwardExporterTest, DeliversOnceHoweverOftenItIsSent) {
  serve();
  for (const char* compression : {"gzip", "none"}) {
    auto config_ = options();
    config_.compression = compression;
    Exporter exporter(config_, "node");
    const auto sent = events(100);
    EXPECT_EQ(exporter.deliver(sent).kind, Kind::kDelivered);
    EXPECT_EQ(exporter.deliver(sent).kind, Kind::kDelivered);
  }
  EXPECT_EQ(journal->head(), 200u);
  EXPECT_EQ(router->counters().forward.duplicates, 200u);
}

TEST_F(ForwardExporterTest, OnlyWhatTheReceiverRefusesIsRejected) {
  config->intake.accept_unknown_types = false;
  serve();
  Exporter exporter(options(), "node");
  const auto delivery = exporter.deliver(events(2));
  EXPECT_EQ(delivery.kind, Kind::kDelivered);
  ASSERT_EQ(delivery.rejected.size(), 2u);
  EXPECT_THAT(delivery.rejected[0].reason, HasSubstr("unknown type 'x'"));
}

TEST_F(ForwardExporterTest, WaitsWhileTheReceiversJournalIsBusy) {
  journal_queue_bytes = 1;
  serve();
  std::promise<void> committing, release;
  auto released = release.get_future().share();
  std::atomic<bool> first{true};
  const auto blocked = journal->subscribe([&](std::uint64_t) {
    if (!first.exchange(false)) return;
    committing.set_value();
    released.wait();
  });
  const core::EventBatch batches[] = {made(1, 1), made(1, 2), made(1, 3)};
  const auto sent = [&](int batch) {
    return std::async(std::launch::async, [&, batch] {
      return Exporter(options(), "node").deliver(batches[batch].events).kind;
    });
  };
  auto stored = sent(0);
  committing.get_future().wait();
  auto queued = sent(1);
  while (journal->stats().queued_bytes == 0) std::this_thread::yield();
  auto two = options();
  two.upstreams.push_back("http://127.0.0.1:1");
  Exporter exporter(two, "node");
  const auto delivery = exporter.deliver(batches[2].events);
  EXPECT_EQ(delivery.kind, Kind::kRetry);
  EXPECT_EQ(delivery.delay, std::chrono::milliseconds(1'000));
  EXPECT_THAT(delivery.reason, HasSubstr("503"));
  EXPECT_EQ(exporter.measures()[1].value, 0) << "busy is not ill";
  release.set_value();
  EXPECT_EQ(stored.get(), Kind::kDelivered);
  EXPECT_EQ(queued.get(), Kind::kDelivered);
}

TEST_F(ForwardExporterTest, GoesToTheNextUpstream) {
  serve();
  auto two = options();
  two.upstreams.insert(two.upstreams.begin(), "http://127.0.0.1:1");
  Exporter exporter(two, "node");
  const auto first = exporter.deliver(events(3));
  EXPECT_EQ(first.kind, Kind::kRetry);
  EXPECT_EQ(first.delay, std::chrono::milliseconds(0));
  EXPECT_EQ(exporter.deliver(batch_.events).kind, Kind::kDelivered);
  EXPECT_EQ(exporter.measures()[1].value, 1);
  EXPECT_EQ(exporter.measures()[2].value, 2);
}

TEST_F(ForwardExporterTest, TheTokenFileIsReadAtEachAttempt) {
  serve();
  const std::string path = directory + "/token";
  auto with_file = options();
  with_file.token = {};
  with_file.token_file = path;
  Exporter exporter(with_file, "node");
  EXPECT_THROW(exporter.deliver(events(1)), core::Held);
  std::ofstream(path) << "something-else-00001\n";
  const auto refused = exporter.deliver(batch_.events);
  EXPECT_EQ(refused.kind, Kind::kHold);
  EXPECT_EQ(refused.reason.find("something-else"), std::string::npos);
  std::ofstream(path) << kToken << "\r\n";
  EXPECT_EQ(exporter.deliver(batch_.events).kind, Kind::kDelivered);
}

TEST_F(ForwardExporterTest, TheProbeStoresNothing) {
  serve();
  const auto outcome = [](const std::vector<core::ProbeStep>& steps, std::size_t at) {
    return steps.at(at).outcome;
  };
  auto steps = Exporter(options(), "node").probe();
  ASSERT_EQ(steps.size(), 3u);
  EXPECT_EQ(steps[0].detail, "agent `agent-1`, kcloud-logger 0.1.0");
  EXPECT_EQ(outcome(steps, 1), Outcome::kPassed);
  EXPECT_EQ(outcome(steps, 2), Outcome::kPassed);
  EXPECT_EQ(outcome(Exporter(options(), "agent-1").probe(), 2), Outcome::kFailed);
  auto wrong = options();
  wrong.token = {"nobody-knows-0000001"};
  EXPECT_EQ(outcome(Exporter(wrong, "node").probe(), 1), Outcome::kFailed);
  wrong.upstreams = {"http://127.0.0.1:1"};
  EXPECT_EQ(outcome(Exporter(wrong, "node").probe(), 0), Outcome::kFailed);
  EXPECT_EQ(journal->head(), 0u);
}

}  // namespace
}  // namespace kcloud::forward
