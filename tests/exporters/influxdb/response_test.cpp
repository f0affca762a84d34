#include "exporters/influxdb/response.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace kcloud::influxdb {
namespace {

using core::Delivery;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using Kind = Delivery::Kind;

Delivery judge_answer(int status, std::string body, std::vector<std::string_view> lines,
                      bool truncated = false) {
  http_client::Response response;
  response.status = status;
  response.body = std::move(body);
  response.truncated = truncated;
  return judge(response, lines);
}

std::vector<std::size_t> indexes(const Delivery& delivery) {
  std::vector<std::size_t> found;
  for (const auto& item : delivery.rejected) found.push_back(item.index);
  return found;
}

TEST(Response, KindByStatus) {
  const struct {
    int status;
    const char* body;
    Kind want;
  } cases[] = {
      {204, "", Kind::kDelivered},
      {200, "", Kind::kDelivered},
      {301, "", Kind::kHold},
      {400, R"({"error":"field type conflict"})", Kind::kBisect},
      {400, R"({"code":"invalid","message":"bad"})", Kind::kBisect},
      {400, "not json", Kind::kBisect},
      {400, R"({"error":"database is required"})", Kind::kHold},
      {401, R"({"error":"authorization failed"})", Kind::kHold},
      {403, "", Kind::kHold},
      {404, R"({"error":"database not found: \"x\""})", Kind::kHold},
      {404, "404 page not found", Kind::kHold},
      {405, "", Kind::kHold},
      {408, "", Kind::kRetry},
      {413, R"({"error":"Request Entity Too Large"})", Kind::kBisect},
      {422, R"({"code":"unprocessable entity","message":"x"})", Kind::kBisect},
      {429, "", Kind::kRetry},
      {500, R"({"error":"timeout"})", Kind::kRetry},
      {500, R"({"error":"retention policy not found: nope"})", Kind::kHold},
      {502, "<html>", Kind::kRetry},
      {503, "", Kind::kRetry},
  };
  for (const auto& test : cases)
    EXPECT_EQ(judge_answer(test.status, test.body, {"m f=1 1", "m f=2 2"}).kind, test.want)
        << test.status << ' ' << test.body;
}

TEST(Response, NoAnswerIsRetried) {
  http_client::Response response;
  response.error = "http://127.0.0.1:1: Connection refused";
  const auto delivery = judge(response, {});
  EXPECT_EQ(delivery.kind, Kind::kRetry);
  EXPECT_EQ(delivery.reason, response.error);
}

TEST(Response, RetryAfterIsPassedOn) {
  http_client::Response response;
  response.status = 503;
  response.retry_after = std::chrono::seconds(7);
  EXPECT_EQ(judge(response, {}).delay, std::chrono::milliseconds(7000));
}

TEST(Response, AMissingDatabaseSaysWhatToDo) {
  EXPECT_THAT(judge_answer(404, R"({"error":"database not found: \"x\""})", {}).reason,
              HasSubstr("CREATE DATABASE"));
}

TEST(Response, UnparsableLinesAreRejectedOneByOne) {
  const auto delivery = judge_answer(
      400,
      R"({"error":"partial write: unable to parse 'bad': missing fields\nunable to parse 'm,a= f=3 5': missing tag value dropped=0"})",
      {"m f=1 1", "bad", "m f=2 2", "m,a= f=3 5"});
  EXPECT_EQ(delivery.kind, Kind::kDelivered);
  ASSERT_THAT(indexes(delivery), ElementsAre(1, 3));
  EXPECT_EQ(delivery.rejected[0].reason, "missing fields");
  EXPECT_EQ(delivery.rejected[1].reason, "missing tag value");
}

TEST(Response, AllLinesUnparsable) {
  const auto delivery =
      judge_answer(400, R"({"error":"unable to parse 'bad': missing fields"})", {"bad"});
  EXPECT_THAT(indexes(delivery), ElementsAre(0));
}

TEST(Response, ALineThatQuotesTheServersWordsAccusesNobodyElse) {
  const std::string_view quoting = "bad \"x\nunable to parse 'm f=1 1': no\"";
  const auto delivery = judge_answer(
      400,
      R"({"error":"partial write: unable to parse 'bad \"x\nunable to parse 'm f=1 1': no\"': bad dropped=0"})",
      {"m f=1 1", quoting});
  EXPECT_THAT(indexes(delivery), ElementsAre(1));
}

TEST(Response, AnUnknownOrTruncatedListIsBisected) {
  EXPECT_EQ(judge_answer(400, R"({"error":"unable to parse 'other': x"})", {"a", "b"}).kind,
            Kind::kBisect);
  EXPECT_EQ(judge_answer(400, R"({"error":"unable to parse 'a': x)", {"a", "b"}, true).kind,
            Kind::kBisect);
}

TEST(Response, ATypeConflictPointsAtItsFieldsLines) {
  const auto delivery = judge_answer(
      400,
      R"({"error":"partial write: field type conflict: input field \"power watts\" on measurement \"de cision\" is type float, already exists as type integer dropped=1"})",
      {R"(de\ cision,a=b id="1",power\ watts=1 1)", R"(de\ cision,a=b id="2" 2)",
       R"(de\ cision power\ watts=1 1)", R"(de\ cision2 power\ watts=1 1)"});
  EXPECT_EQ(delivery.kind, Kind::kBisect);
  EXPECT_THAT(delivery.suspects, ElementsAre(0, 2));
}

TEST(Response, AsManyDroppedAsSentRejectsAll) {
  const auto delivery =
      judge_answer(400, R"({"error":"partial write: points beyond retention policy dropped=2"})",
                   {"m f=1 1", "m f=2 2"});
  EXPECT_EQ(delivery.kind, Kind::kDelivered);
  EXPECT_THAT(indexes(delivery), ElementsAre(0, 1));
  EXPECT_THAT(delivery.rejected[0].reason, HasSubstr("beyond retention policy"));
}

TEST(Response, ReasonsAreShortSingleLinesCutBetweenCharacters) {
  std::string body = "한";
  for (int i = 0; i < 12; ++i) body += body;
  const auto reason = judge_answer(400, body + "\nmore", {"a", "b"}).reason;
  EXPECT_LE(reason.size(), 410u);
  EXPECT_TRUE(reason.ends_with("한…"));
}

}  // namespace
}  // namespace kcloud::influxdb
