#include "exporters/forward/response.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace kcloud::forward {
namespace {

using core::Delivery;
using std::chrono::milliseconds;
using ::testing::HasSubstr;
using Kind = Delivery::Kind;
using Outcome = core::ProbeStep::Outcome;

http_client::Response answered(int status, std::string body) {
  http_client::Response response;
  response.status = status;
  response.body = std::move(body);
  return response;
}

constexpr const char* kAll =
    R"({"agent":"up","version":"0.1.0","accepted":2,"duplicates":1,"loops":0,"rejected":[]})";

TEST(ForwardResponse, EveryEventIsAccountedFor) {
  EXPECT_EQ(judge(answered(202, kAll), 3, "me").delivery.kind, Kind::kDelivered);
  const auto judged = judge(answered(202, kAll), 4, "me").delivery;
  EXPECT_EQ(judged.kind, Kind::kRetry);
  EXPECT_EQ(judged.reason, "answered for 3 of 4 events");
}

TEST(ForwardResponse, LoopsAreDeliveredAndCounted) {
  const auto judged =
      judge(answered(202, R"({"agent":"up","version":"1","accepted":0,"duplicates":0,"loops":2,)"
                          R"("rejected":[]})"),
            2, "me");
  EXPECT_EQ(judged.delivery.kind, Kind::kDelivered);
  EXPECT_EQ(judged.loops, 2u);
  EXPECT_TRUE(judged.delivery.rejected.empty());
}

TEST(ForwardResponse, RejectedItemsCarryTheUpstreamsWords) {
  for (const int status : {202, 422}) {
    const auto judged = judge(
        answered(status, R"({"agent":"up","version":"1","accepted":0,"duplicates":0,"loops":0,)"
                         R"("rejected":[{"index":0,"errors":[{"path":"id","problem":"x",)"
                         R"("expected":"y"},{"path":"time","problem":"a","expected":"b"}]}]})"),
        1, "me");
    EXPECT_EQ(judged.delivery.kind, Kind::kDelivered);
    ASSERT_EQ(judged.delivery.rejected.size(), 1u);
    EXPECT_EQ(judged.delivery.rejected[0].reason, "id: x, expected y; time: a, expected b");
  }
}

TEST(ForwardResponse, AnUpstreamOfThisNameHolds) {
  const auto judged = judge(answered(202, kAll), 3, "up").delivery;
  EXPECT_EQ(judged.kind, Kind::kHold);
  EXPECT_THAT(judged.reason, HasSubstr("called `up` like this agent"));
}

TEST(ForwardResponse, StatusesAndWhetherAnotherUpstreamMayBeWell) {
  const struct {
    int status;
    bool retry_after;
    const char* body;
    Kind kind;
    bool other;
    const char* reason;
  } cases[] = {
      {401, false, R"({"detail":"the token is not known"})", Kind::kHold, false, "401 the token"},
      {403, false, "", Kind::kHold, false, "role `forward`"},
      {404, false, "", Kind::kHold, false, "older version"},
      {405, false, "", Kind::kHold, false, "older version"},
      {307, false, "", Kind::kHold, false, "redirects"},
      {415, false, "", Kind::kHold, false, "unexpected answer 415"},
      {400, false, "", Kind::kHold, false, "unexpected answer 400"},
      {413, false, R"({"detail":"too\nlarge"})", Kind::kBisect, false, "413 too large"},
      {429, true, "", Kind::kRetry, false, "429"},
      {503, true, R"({"detail":"full"})", Kind::kRetry, false, "503 full"},
      {503, false, "", Kind::kRetry, true, "503"},
      {502, true, "", Kind::kRetry, true, "502"},
      {500, false, "<html>", Kind::kRetry, true, "500 <html>"},
      {408, false, "", Kind::kRetry, true, "408"},
      {200, false, "<html>welcome</html>", Kind::kHold, false, "not as an agent answers"},
      {204, false, "", Kind::kHold, false, "not as an agent answers"},
      {202, false, R"({"agent":"up","version":"1","accepted":1})", Kind::kHold, false, "not as"},
      {422, false, R"({"detail":"no"})", Kind::kHold, false, "not as an agent"},
      {202, false,
       R"({"agent":"up","version":"1","accepted":0,"duplicates":0,"loops":0,)"
       R"("rejected":[{"index":9,"errors":[]}]})",
       Kind::kHold, false, "not as an agent"},
  };
  for (const auto& c : cases) {
    auto response = answered(c.status, c.body);
    if (c.retry_after) response.retry_after = milliseconds(7'000);
    const auto judged = judge(response, 1, "me");
    EXPECT_EQ(judged.delivery.kind, c.kind) << c.status << c.body;
    EXPECT_EQ(judged.other_upstream, c.other) << c.status << c.body;
    EXPECT_THAT(judged.delivery.reason, HasSubstr(c.reason));
    EXPECT_EQ(judged.delivery.delay.has_value(), c.retry_after) << c.status;
  }
}

TEST(ForwardResponse, SilenceAndBrokenTrust) {
  http_client::Response silence;
  silence.error = "http://x:1: refused";
  EXPECT_EQ(judge(silence, 1, "me").delivery.kind, Kind::kRetry);
  EXPECT_TRUE(judge(silence, 1, "me").other_upstream);
  silence.untrusted = true;
  EXPECT_EQ(judge(silence, 1, "me").delivery.kind, Kind::kHold);
}

TEST(ForwardResponse, AnAnswerCutShortIsAskedForInHalves) {
  auto cut = answered(202, std::string(kAll).substr(0, 40));
  cut.truncated = true;
  EXPECT_EQ(judge(cut, 3, "me").delivery.kind, Kind::kBisect);
  EXPECT_EQ(judge(cut, 1, "me").delivery.kind, Kind::kHold);
}

TEST(ForwardResponse, ProbeStepsSayWhatIsWrong) {
  const auto outcomes = [](const std::vector<core::ProbeStep>& steps) {
    std::vector<Outcome> all;
    for (const auto& step : steps) all.push_back(step.outcome);
    return all;
  };
  const auto hello = answered(
      200,
      R"({"agent":"up","version":"0.1.0","accepted":0,"duplicates":0,"loops":0,"rejected":[]})");
  using V = std::vector<Outcome>;
  auto steps = judge_probe(hello, "http://up", "me");
  EXPECT_EQ(outcomes(steps), (V{Outcome::kPassed, Outcome::kPassed, Outcome::kPassed}));
  EXPECT_EQ(steps[0].detail, "agent `up`, kcloud-logger 0.1.0");
  steps = judge_probe(hello, "http://up", "up");
  EXPECT_EQ(outcomes(steps), (V{Outcome::kPassed, Outcome::kPassed, Outcome::kFailed}));
  steps = judge_probe(answered(403, ""), "http://up", "me");
  EXPECT_EQ(outcomes(steps), (V{Outcome::kPassed, Outcome::kFailed, Outcome::kSkipped}));
  steps = judge_probe(answered(404, ""), "http://up", "me");
  EXPECT_EQ(outcomes(steps), (V{Outcome::kFailed, Outcome::kSkipped, Outcome::kSkipped}));
  EXPECT_THAT(steps[0].detail, HasSubstr("older version"));
}

}  // namespace
}  // namespace kcloud::forward
