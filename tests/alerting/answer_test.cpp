#include "agent/alerting/answer.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace kcloud::alerting {
namespace {

using testing::ElementsAre;

TEST(Answer, TellsWhatHelps) {
  const std::pair<int, Verdict> cases[] = {
      {0, Verdict::kAgain},     {200, Verdict::kTaken},   {202, Verdict::kTaken},
      {204, Verdict::kTaken},   {301, Verdict::kRefused}, {400, Verdict::kRefused},
      {401, Verdict::kRefused}, {404, Verdict::kRefused}, {408, Verdict::kAgain},
      {410, Verdict::kRefused}, {429, Verdict::kAgain},   {500, Verdict::kAgain},
      {503, Verdict::kAgain}};
  for (const auto& [status, want] : cases) {
    http_client::Response response;
    response.status = status;
    EXPECT_EQ(judge(response), want) << status;
  }
}

TEST(Answer, ShowsNoSecrets) {
  config::NotifierConfig notifier;
  notifier.url.value = "https://hooks.example.com/services/T1/B2/hidden";
  notifier.secret.value = "whsec_hidden";
  notifier.headers["Authorization"] = {"Bearer hidden"};
  const auto secrets = secrets_of(notifier);
  http_client::Response response;
  response.status = 404;
  response.body =
      "no /services/T1/B2/hidden here: https://hooks.example.com/services/T1/B2/hidden got "
      "'Bearer hidden',\nwhsec_hidden";
  EXPECT_EQ(words_of(response, secrets), "no *** here: *** got '***', ***");
}

TEST(Answer, IsShort) {
  http_client::Response response;
  response.status = 500;
  response.body = std::string(10'000, 'x');
  EXPECT_EQ(words_of(response, {}).size(), 400 + std::string("…").size());
  response = {};
  response.error = "http://127.0.0.1:9: connection refused";
  EXPECT_EQ(words_of(response, {}), response.error);
}

TEST(Answer, WhatIsTooShortIsNoSecret) {
  config::NotifierConfig notifier;
  notifier.url.value = "http://a/";
  notifier.token.value = "abcd";
  EXPECT_THAT(secrets_of(notifier), ElementsAre("http://a/", "abcd"));
}

}  // namespace
}  // namespace kcloud::alerting
