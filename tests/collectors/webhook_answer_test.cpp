#include "collectors/webhook/answer.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace kcloud::webhook {

using core::Verdict;
using ::testing::HasSubstr;
using ::testing::StartsWith;

namespace {

constexpr std::string_view kId = "00000000-0000-0000-0000-000000000000";

core::EventBatch batch_of(std::initializer_list<Verdict> verdicts) {
  core::EventBatch batch;
  for (Verdict verdict : verdicts) batch.events.emplace_back().verdict = verdict;
  return batch;
}

Ledger ledger_of(std::size_t inputs, std::vector<std::size_t> refused = {}, bool strict = false) {
  Ledger ledger;
  ledger.inputs = inputs;
  ledger.strict = strict;
  for (std::size_t index : refused) {
    ledger.refused.push_back({index, {{"a.b", "missing", "a \"text\""}}});
  }
  return ledger;
}

}  // namespace

TEST(WebhookAnswer, StatusIsByTheContract) {
  struct Case {
    const char* name;
    std::initializer_list<Verdict> verdicts;
    std::vector<std::size_t> refused;
    bool strict;
    int status;
  };
  const Case cases[] = {
      {"stored", {Verdict::kStored}, {}, false, 202},
      {"duplicate", {Verdict::kDuplicate}, {}, false, 202},
      {"duplicate, strict", {Verdict::kDuplicate}, {}, true, 202},
      {"mixed", {Verdict::kStored}, {1}, false, 202},
      {"mixed, strict", {Verdict::kStored}, {1}, true, 207},
      {"duplicate and rejected, strict", {Verdict::kDuplicate}, {0}, true, 207},
      {"stored and conflict, strict", {Verdict::kStored, Verdict::kConflict}, {}, true, 207},
      {"rejected", {}, {0}, false, 422},
      {"rejected, strict", {}, {0}, true, 422},
      {"conflict", {Verdict::kConflict}, {}, false, 422},
  };
  for (const Case& test : cases) {
    std::string body;
    const auto ledger =
        ledger_of(test.verdicts.size() + test.refused.size(), test.refused, test.strict);
    EXPECT_EQ(write_answer(ledger, batch_of(test.verdicts), body).status, test.status) << test.name;
  }
}

TEST(WebhookAnswer, WritesIdsAndRejectionsByInput) {
  Ledger ledger = ledger_of(4, {0, 2});
  ledger.warnings.push_back({1, "zone_assumed"});
  std::string body;
  const Answer answer =
      write_answer(ledger, batch_of({Verdict::kStored, Verdict::kDuplicate}), body);
  const std::string id(kId);
  EXPECT_EQ(body,
            R"({"accepted":1,"duplicates":1,"rejected":[)"
            R"({"index":0,"errors":[{"path":"a.b","problem":"missing","expected":"a \"text\""}]},)"
            R"({"index":2,"errors":[{"path":"a.b","problem":"missing","expected":"a \"text\""}]}],)"
            R"("ids":[null,")" +
                id + R"(",null,")" + id + R"("],"warnings":[{"index":1,"code":"zone_assumed"}]})" +
                "\n");
  EXPECT_EQ(answer.rejected, 2u);
}

TEST(WebhookAnswer, AConflictIsRejectedWithoutAnId) {
  std::string body;
  const Answer answer =
      write_answer(ledger_of(2), batch_of({Verdict::kConflict, Verdict::kStored}), body);
  EXPECT_EQ(answer.conflicts, 1u);
  EXPECT_EQ(answer.rejected, 1u);
  EXPECT_THAT(body,
              HasSubstr(R"("rejected":[{"index":0,"errors":[{"path":"$","problem":"id_conflict")"));
  EXPECT_THAT(body, HasSubstr("\"ids\":[null,\"" + std::string(kId) + "\"]"));
}

TEST(WebhookAnswer, A422IsAProblemDocumentWithTheSameMembers) {
  std::string body;
  write_answer(ledger_of(1, {0}), {}, body);
  EXPECT_THAT(body,
              StartsWith(R"({"type":"about:blank","title":"Unprocessable Content","status":422,)"));
  EXPECT_THAT(body, HasSubstr(R"("accepted":0,"duplicates":0,"rejected":[{"index":0)"));
  EXPECT_THAT(body, HasSubstr(R"("ids":[null],"warnings":[]})"));
}

}  // namespace kcloud::webhook
