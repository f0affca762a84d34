#include "tests/exporters/elasticsearch/server.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cctype>

#include "core/json.h"

namespace kcloud::elasticsearch::testing {

test_support::OpenSearchServer& server() {
  static test_support::OpenSearchServer started;
  return started;
}

Config test_config() {
  Config config;
  config.urls = {server().url()};
  config.replicas = 0;
  config.connect_timeout = std::chrono::seconds(1);
  config.prefix = ::testing::UnitTest::GetInstance()->current_test_info()->name();
  std::ranges::transform(config.prefix, config.prefix.begin(),
                         [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return config;
}

std::uint64_t count(const std::string& prefix, const std::string& query) {
  const auto answer =
      server().search(prefix + "-*", R"({"size":0,"track_total_hits":true,"query":)" + query + "}");
  return core::json_number_at(answer, "hits.total.value").value_or(0);
}

std::string source_of(const std::string& prefix, const core::EventId& id) {
  const auto answer = server().search(
      prefix + "-*", fmt::format(R"({{"query":{{"ids":{{"values":["{}"]}}}}}})", to_string(id)));
  return core::json_text_at(answer, "hits.hits.0._source");
}

}  // namespace kcloud::elasticsearch::testing
