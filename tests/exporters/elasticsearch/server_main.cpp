#include <gtest/gtest.h>

#include <cstdio>

#include "tests/support/opensearch_server.h"

int main(int argc, char** argv) {
  testing::InitGoogleTest(&argc, argv);
  if (!kcloud::test_support::OpenSearchServer::available()) {
    std::puts("SKIPPED: no OpenSearch in build/opensearch/home; run tools/fetch-opensearch.sh");
    return 77;
  }
  return RUN_ALL_TESTS();
}
