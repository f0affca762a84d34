// The OpenSearch that the tests of one program share; each test has a prefix of its own in it.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "exporters/elasticsearch/exporter.h"
#include "tests/exporters/elasticsearch/fixtures.h"
#include "tests/support/opensearch_server.h"

namespace kcloud::elasticsearch::testing {

test_support::OpenSearchServer& server();

// For the running test: its server, no replicas, a prefix made from its name.
Config test_config();

inline Exporter exporter(const Config& config) {
  return Exporter(config, catalogue(), "node", "hub");
}

// Documents of a prefix that a query (JSON) finds.
std::uint64_t count(const std::string& prefix, const std::string& query = R"({"match_all":{}})");
// What comes back for one id: the source's JSON; empty when there is none.
std::string source_of(const std::string& prefix, const core::EventId& id);

}  // namespace kcloud::elasticsearch::testing
