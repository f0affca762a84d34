#include <gtest/gtest.h>

#include <cstdio>

#include "tests/support/kafka_server.h"

int main(int argc, char** argv) {
  testing::InitGoogleTest(&argc, argv);
  if (!kcloud::test_support::KafkaServer::available()) {
    std::puts("SKIPPED: no jars of Apache Kafka in build/kafka/jars; run tools/fetch-kafka.sh");
    return 77;
  }
  return RUN_ALL_TESTS();
}
