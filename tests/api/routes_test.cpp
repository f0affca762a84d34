#include "agent/api/routes.h"

#include <gtest/gtest.h>
#include <simdjson.h>

#include <algorithm>
#include <set>
#include <string>

#include "agent/api/openapi.h"

namespace kcloud::api {

TEST(Routes, FindsRoutesAndParameters) {
  struct Case {
    const char* method;
    const char* path;
    const char* pattern;  // empty: none
    const char* parameter;
    const char* allow;
  };
  const Case cases[] = {
      {"GET", "/", "/", "", ""},
      {"GET", "/events", "/events", "", ""},
      {"HEAD", "/events", "/events", "", ""},
      {"POST", "/events", "/events", "", ""},
      {"POST", "/events/scheduling", "/events/{event_type}", "scheduling", ""},
      {"GET", "/events/scheduling", "/events/{event_type}", "scheduling", ""},
      {"GET", "/events/workload/a/b/c", "/events/workload/{workload_id}", "a/b/c", ""},
      {"GET", "/events/workload/a%2Fb", "/events/workload/{workload_id}", "a%2Fb", ""},
      {"GET", "/events/id/x", "/events/id/{id}", "x", ""},
      {"GET", "/events/id/x/deliveries", "/events/id/{id}/deliveries", "x", ""},
      {"GET", "/schemas/alert", "/schemas/{type}", "alert", ""},
      {"DELETE", "/events", "", "", "POST, GET, HEAD, OPTIONS"},
      {"POST", "/health", "", "", "GET, HEAD, OPTIONS"},
      {"OPTIONS", "/events", "", "", "POST, GET, HEAD, OPTIONS"},
      {"POST", "/events/id/x", "", "", "GET, HEAD, OPTIONS"},
      {"GET", "/events/", "", "", ""},
      {"GET", "/events/workload/", "", "", ""},
      {"GET", "/events/a/b", "", "", ""},
      {"GET", "/Events", "", "", ""},
      {"GET", "/nothing", "", "", ""},
      {"GET", "*", "", "", ""},
  };
  for (const Case& test : cases) {
    const Match match = find_route(test.method, test.path);
    EXPECT_EQ(match.route == nullptr ? "" : match.route->pattern, test.pattern) << test.path;
    if (match.route != nullptr) {
      EXPECT_EQ(match.parameter, test.parameter);
    }
    EXPECT_EQ(match.allow, test.allow) << test.path;
  }
}

TEST(Routes, TheOpenApiDocumentDescribesExactlyThem) {
  simdjson::dom::parser parser;
  const auto document = parser.parse(openapi_document());
  EXPECT_EQ(std::string_view(document["openapi"]), "3.1.0");
  std::set<std::string> described;
  for (const auto [path, operations] : simdjson::dom::object(document["paths"])) {
    for (const auto [method, operation] : simdjson::dom::object(operations)) {
      std::string upper(method);
      std::transform(upper.begin(), upper.end(), upper.begin(), ::toupper);
      described.insert(upper + " " + std::string(path) + ": " +
                       std::string(std::string_view(operation["summary"])));
    }
  }
  std::set<std::string> served;
  for (const Route& route : routes()) {
    served.insert(std::string(route.method) + " " + std::string(route.pattern) + ": " +
                  std::string(route.summary));
  }
  EXPECT_EQ(described, served);
}

TEST(Routes, TheOpenApiDocumentNamesTheRoleOfEach) {
  simdjson::dom::parser parser;
  const auto document = parser.parse(openapi_document());
  for (const Route& route : routes()) {
    std::string method(route.method);
    std::transform(method.begin(), method.end(), method.begin(), ::tolower);
    const auto operation = document["paths"][route.pattern][method];
    std::string_view role;
    if (operation["x-role"].get(role) != simdjson::SUCCESS) role = "";
    const std::string_view want = route.access == Access::kOpen      ? ""
                                  : route.access == Access::kIngest  ? "ingest"
                                  : route.access == Access::kRead    ? "read"
                                  : route.access == Access::kForward ? "forward"
                                                                     : "admin";
    EXPECT_EQ(role, want) << route.pattern;
  }
}

}  // namespace kcloud::api
