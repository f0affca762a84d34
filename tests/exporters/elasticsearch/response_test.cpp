#include "exporters/elasticsearch/response.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "exporters/elasticsearch/exporter.h"

namespace kcloud::elasticsearch {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using Kind = core::Delivery::Kind;

http_client::Response answer(int status, std::string body) {
  http_client::Response response;
  response.status = status;
  response.body = std::move(body);
  return response;
}

std::string item(int status, const std::string& type = {}, const std::string& reason = {}) {
  std::string out = R"({"create":{"status":)" + std::to_string(status);
  if (!type.empty()) out += R"(,"error":{"type":")" + type + R"(","reason":")" + reason + R"("})";
  return out + "}}";
}

Judgement judge_items(const std::vector<std::string>& items) {
  std::string body = R"({"errors":true,"items":[)";
  for (const auto& one : items) body += one + ",";
  body.back() = ']';
  return judge(answer(200, body + "}"), items.size());
}

TEST(ElasticsearchResponse, StoredAndThereAlreadyAreDone) {
  const auto stored = judge(
      answer(200,
             R"({"errors":false,"items":[{"create":{"status":201}},{"create":{"status":201}}]})"),
      2);
  EXPECT_EQ(stored.delivery.kind, Kind::kDelivered);
  EXPECT_THAT(stored.settled, ElementsAre(true, true));
  const auto there = judge_items(
      {item(201), item(409, "version_conflict_engine_exception", "document already exists")});
  EXPECT_EQ(there.delivery.kind, Kind::kDelivered);
  EXPECT_THAT(there.delivery.rejected, IsEmpty());
  EXPECT_THAT(there.settled, ElementsAre(true, true));
}

TEST(ElasticsearchResponse, OnlyTheDocumentThatTheMappingRefusesIsRejected) {
  const auto judged = judge(
      answer(
          200,
          R"({"errors":true,"items":[{"create":{"status":201}},{"create":{"status":400,"error":)"
          R"({"type":"mapper_parsing_exception","reason":"failed to parse field [a]",)"
          R"("caused_by":{"type":"illegal_argument_exception","reason":"For input string"}}}}]})"),
      2);
  EXPECT_EQ(judged.delivery.kind, Kind::kDelivered);
  ASSERT_EQ(judged.delivery.rejected.size(), 1u);
  EXPECT_EQ(judged.delivery.rejected[0].index, 1u);
  EXPECT_EQ(judged.delivery.rejected[0].reason,
            "mapper_parsing_exception: failed to parse field [a]: For input string");
}

TEST(ElasticsearchResponse, EachItemByItsStatusAndError) {
  const struct {
    int status;
    const char* type;
    const char* reason;
    Kind want;  // kDelivered: rejected
  } cases[] = {
      {400, "document_parsing_exception", "[1:2] failed to parse", Kind::kDelivered},
      {400, "strict_dynamic_mapping_exception", "not allowed", Kind::kDelivered},
      {400, "illegal_argument_exception", "immense term in field=\\\"a\\\"", Kind::kDelivered},
      {400, "illegal_argument_exception", "Limit of total fields [1000]", Kind::kDelivered},
      {400, "illegal_argument_exception", "mapper [a] cannot be changed", Kind::kDelivered},
      {400, "illegal_argument_exception", "pipeline with id [p] does not exist", Kind::kHold},
      {400, "illegal_argument_exception", "no write index is defined for alias [a]", Kind::kHold},
      {400, "validation_exception", "maximum shards open", Kind::kHold},
      {400, "invalid_index_name_exception", "must be lowercase", Kind::kHold},
      {400, "index_closed_exception", "closed", Kind::kHold},
      {401, "security_exception", "missing authentication", Kind::kHold},
      {403, "security_exception", "no permissions", Kind::kHold},
      {403, "cluster_block_exception", "FORBIDDEN/8/index write (api)", Kind::kHold},
      {403, "index_create_block_exception", "disk", Kind::kHold},
      {404, "index_not_found_exception", "no such index", Kind::kHold},
      {429, "cluster_block_exception", "disk usage exceeded flood-stage watermark", Kind::kRetry},
      {429, "es_rejected_execution_exception", "queue is full", Kind::kRetry},
      {503, "unavailable_shards_exception", "primary shard is not active", Kind::kRetry},
      {500, "i_o_exception", "disk", Kind::kRetry},
      {0, "", "", Kind::kHold},
  };
  for (const auto& one : cases) {
    const auto judged = judge_items({item(201), item(one.status, one.type, one.reason)});
    EXPECT_EQ(judged.delivery.kind, one.want) << one.type << " " << one.reason;
    const bool rejected = one.want == Kind::kDelivered;
    EXPECT_EQ(judged.delivery.rejected.size(), rejected ? 1u : 0u) << one.type;
    EXPECT_THAT(judged.settled, ElementsAre(true, rejected)) << one.type << " " << one.reason;
  }
}

// What is rejected beside is said again with the settled items, so that it is asked once.
TEST(ElasticsearchResponse, HoldingComesBeforeRetryingAndBothKeepWhatIsSettled) {
  const auto judged = judge_items({item(429, "es_rejected_execution_exception", "full"), item(201),
                                   item(400, "mapper_parsing_exception", "bad"),
                                   item(403, "security_exception", "no permissions")});
  EXPECT_EQ(judged.delivery.kind, Kind::kHold);
  EXPECT_THAT(judged.delivery.reason, HasSubstr("403 security_exception: no permissions"));
  EXPECT_THAT(judged.settled, ElementsAre(false, true, true, false));
  ASSERT_EQ(judged.delivery.rejected.size(), 1u);
  EXPECT_EQ(judged.delivery.rejected[0].index, 2u);
}

TEST(ElasticsearchResponse, WholeRequests) {
  const auto error = [](const char* type, const char* reason) {
    return std::string(R"({"error":{"root_cause":[],"type":")") + type + R"(","reason":")" +
           reason + R"("},"status":0})";
  };
  const struct {
    int status;
    std::string body;
    Kind want;
    const char* reason;
  } cases[] = {
      {401, "", Kind::kHold, "check `username` and `password` or `api_key`"},
      {403, error("security_exception", "no"), Kind::kHold, "security_exception: no"},
      {404, "not here", Kind::kHold, "404 not here (check `urls`"},
      {301, "", Kind::kHold, "redirects are not followed"},
      {413, "", Kind::kBisect, "413"},
      {400, error("json_parse_exception", "Unrecognized token"), Kind::kBisect,
       "Unrecognized token"},
      {400, error("illegal_argument_exception", "unrecognized parameter"), Kind::kHold,
       "unrecognized parameter"},
      {400, "<html>plain HTTP request to HTTPS port</html>", Kind::kHold, "plain HTTP"},
      {406, R"({"error":"Content-Type header [x] is not supported"})", Kind::kHold, "[x]"},
      {408, "", Kind::kRetry, "408"},
      {429, "", Kind::kRetry, "429"},
      {500, "", Kind::kRetry, "500"},
      {503, error("cluster_block_exception", "no master"), Kind::kRetry, "no master"},
      {200, "<html>welcome</html>", Kind::kBisect, "does not name every item"},
      {200, R"({"errors":false,"items":[{"create":{"status":201}}]})", Kind::kBisect, "every item"},
  };
  for (const auto& one : cases) {
    const auto judged = judge(answer(one.status, one.body), 2);
    EXPECT_EQ(judged.delivery.kind, one.want) << one.status << one.body;
    EXPECT_THAT(judged.delivery.reason, HasSubstr(one.reason)) << one.status << one.body;
    EXPECT_THAT(judged.settled, IsEmpty());
  }
  EXPECT_EQ(judge(answer(200, "<html>"), 1).delivery.kind, Kind::kHold) << "never rejected";
}

TEST(ElasticsearchResponse, RetryAfterIsKept) {
  auto response = answer(429, "");
  response.retry_after = std::chrono::seconds(7);
  EXPECT_EQ(judge(response, 1).delivery.delay, std::chrono::milliseconds(7'000));
}

TEST(ElasticsearchResponse, NoAnswerIsTriedAgainUnlessTheCertificatesDoNotFit) {
  http_client::Response response;
  response.error = "http://es:9200: connection refused";
  EXPECT_EQ(judge(response, 1).delivery.kind, Kind::kRetry);
  response.untrusted = true;
  EXPECT_EQ(judge(response, 1).delivery.kind, Kind::kHold);
}

TEST(ElasticsearchServer, KindAndVersion) {
  EXPECT_EQ(server_of(R"({"version":{"distribution":"opensearch","number":"2.19.1"}})"),
            "OpenSearch 2.19.1");
  EXPECT_EQ(server_of(R"({"version":{"number":"7.8.0"}})"), "Elasticsearch 7.8.0");
  EXPECT_EQ(server_of(R"({"version":{"number":"9.1.0-SNAPSHOT"}})"),
            "Elasticsearch 9.1.0-SNAPSHOT");
  for (const char* old : {"7.7.1", "6.8.23", "x"})
    EXPECT_THROW(server_of(std::string(R"({"version":{"number":")") + old + "\"}}"),
                 std::runtime_error)
        << old;
  EXPECT_THROW(server_of("<html>"), std::runtime_error);
}

}  // namespace
}  // namespace kcloud::elasticsearch
