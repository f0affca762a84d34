#include "collectors/kafka/headers.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <vector>

namespace kcloud::kafka {
namespace {

using ::testing::HasSubstr;
using ::testing::IsEmpty;
using List = std::vector<std::pair<std::string_view, std::string_view>>;

Headers read(const List& list) {
  Headers headers;
  for (const auto& [name, value] : list) headers.add(name, value);
  return headers;
}

TEST(KafkaHeaders, TellTheMode) {
  const struct {
    const char* name;
    List input;
    Mode want;
  } cases[] = {
      {"none", {}, Mode::kPlain},
      {"others", {{"trace-id", "7"}, {"content-type", "application/json"}}, Mode::kPlain},
      {"attributes", {{"ce_specversion", "1.0"}, {"ce_id", "1"}}, Mode::kBinary},
      {"an extension alone", {{"ce_traceparent", "x"}}, Mode::kBinary},
      {"structured", {{"content-type", "application/cloudevents+json"}}, Mode::kStructured},
      {"with a charset",
       {{"content-type", "application/cloudevents+json; charset=utf-8"}},
       Mode::kStructured},
      {"in another case", {{"Content-Type", "Application/CloudEvents+JSON"}}, Mode::kStructured},
      {"structured wins",
       {{"ce_id", "1"}, {"content-type", "application/cloudevents+json"}, {"ce_type", "x"}},
       Mode::kStructured},
      {"HTTP's prefix is none of Kafka's", {{"ce-id", "1"}}, Mode::kPlain},
  };
  for (const auto& one : cases) {
    EXPECT_EQ(read(one.input).mode(), one.want) << one.name;
    EXPECT_THAT(read(one.input).problem(), IsEmpty()) << one.name;
  }
}

TEST(KafkaHeaders, GiveTheAttributes) {
  const auto headers = read({{"ce_specversion", "1.0"},
                             {"ce_id", "e-1"},
                             {"ce_source", "/sched\xC3\xBCler"},
                             {"ce_type", "scheduling_decision"},
                             {"ce_subject", "job-1"},
                             {"ce_time", "2025-01-15T10:30:00Z"},
                             {"ce_datacontenttype", "text/xml"},
                             {"content-type", "application/json"}});
  const auto& attributes = headers.attributes();
  EXPECT_EQ(attributes[0], "1.0");
  EXPECT_EQ(attributes[1], "e-1");
  EXPECT_EQ(attributes[2], "/sched\xC3\xBCler");
  EXPECT_EQ(attributes[3], "scheduling_decision");
  EXPECT_EQ(attributes[4], "job-1");
  EXPECT_EQ(attributes[5], "2025-01-15T10:30:00Z");
  EXPECT_EQ(attributes[6], "application/json");
}

TEST(KafkaHeaders, SayWhyARecordCannotBeRead) {
  EXPECT_THAT(read({{"content-type", "application/cloudevents+avro"}}).problem(),
              HasSubstr("found 'application/cloudevents+avro', expected "
                        "application/cloudevents+json"));
  EXPECT_THAT(read({{"content-type", "application/cloudevents-batch+json"}}).problem(),
              HasSubstr("cloudevents-batch"));
  EXPECT_EQ(read({{"ce_id", "1"}, {"ce_id", "2"}}).problem(), "ce_id: the header is there twice");
  const std::string longest(1 << 20, 'x');
  EXPECT_LT(read({{"content-type", "application/cloudevents+" + longest}}).problem().size(), 300u);
}

}  // namespace
}  // namespace kcloud::kafka
