// kill -9 while alerts are told: each is told, under one id, and at most the one under way twice.
#include <gtest/gtest.h>
#include <signal.h>

#include <map>

#include "tests/exporters/http_client/canned_server.h"
#include "tests/support/environment.h"
#include "tests/support/server_process.h"

namespace kcloud::alerting {
namespace {

using http_client::testing::answer;
using http_client::testing::CannedServer;
using test_support::eventually;

std::map<std::string, int> ids_of(const std::vector<std::string>& requests) {
  std::map<std::string, int> ids;
  for (const auto& request : requests) {
    const auto at = request.find("webhook-id: ") + 12;
    ids[request.substr(at, request.find("\r\n", at) - at)] += 1;
  }
  return ids;
}

TEST(AlertingKill, EachAlertIsToldAndAtMostTheOneUnderWayTwice) {
  const int alerts = test_support::soak() ? 1000 : 60;
  const int kills = alerts / 10;
  CannedServer server(
      std::vector<std::string>(static_cast<std::size_t>(alerts + kills), answer("200 OK", "")));
  test_support::TemporaryDirectory directory;
  const auto run = [&] {
    return std::make_unique<test_support::ServerProcess>(
        std::vector<std::string>{KCLOUD_ALERTING_AGENT, directory.path() + "/data", server.url(),
                                 std::to_string(alerts)},
        directory.path() + "/log");
  };
  for (int i = 1; i <= kills; ++i) {
    const auto agent = run();
    const auto wanted = static_cast<std::size_t>(i * (alerts / kills) - alerts / kills / 2);
    ASSERT_TRUE(eventually([&] { return server.requests().size() >= wanted; })) << i;
    agent->end(SIGKILL);
  }
  const auto agent = run();
  const auto all_told = [&] {
    return ids_of(server.requests()).size() == static_cast<std::size_t>(alerts);
  };
  ASSERT_TRUE(eventually(all_told));
  agent->end(SIGTERM);
  int twice = 0;
  for (const auto& [id, times] : ids_of(server.requests())) twice += times - 1;
  std::printf("%d alerts, %d kills: %d told twice\n", alerts, kills, twice);
  EXPECT_LE(twice, kills);
}

}  // namespace
}  // namespace kcloud::alerting
