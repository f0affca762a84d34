#include "core/event_id.h"

#include <gtest/gtest.h>

#include "core/event.h"

namespace kcloud::core {
namespace {

const Time kTime = from_nanos(1'736'937'000'123'456'789);

TEST(EventId, IsAVersion8UuidThatCarriesTheMilliseconds) {
  const EventId id = make_event_id(kTime, sha256("x"));
  const std::string text = to_string(id);
  EXPECT_EQ(id.unix_ms(), 1'736'937'000'123);
  EXPECT_EQ(text.size(), 36U);
  EXPECT_EQ(text[14], '8');
  EXPECT_TRUE(text[19] == '8' || text[19] == '9' || text[19] == 'a' || text[19] == 'b');
  EXPECT_EQ(text.substr(0, 13), "01946983-4cbb");
}

TEST(EventId, DependsOnTimeAndKeyOnly) {
  EXPECT_EQ(make_event_id(kTime, sha256("a")), make_event_id(kTime, sha256("a")));
  EXPECT_NE(make_event_id(kTime, sha256("a")), make_event_id(kTime, sha256("b")));
  EXPECT_NE(key_digest("event_id", "a"), key_digest("cloudevents", "a"));
  EXPECT_LT(make_event_id(kTime, sha256("a")),
            make_event_id(kTime + std::chrono::milliseconds(1), sha256("a")));
}

TEST(EventId, TextRoundTrips) {
  const EventId id = make_event_id(kTime, sha256("x"));
  EXPECT_EQ(parse_event_id(to_string(id)), id);
  EXPECT_EQ(event_id_from_bytes(id.view()), id);
  for (const char* text : {"", "0194698b", "0194698b-3cbb-8000-8000-00000000000g",
                           "0194698b+3cbb-8000-8000-000000000000"}) {
    EXPECT_FALSE(parse_event_id(text)) << text;
  }
}

TEST(Sha256, IsTheStandardOne) {
  const Sha256 digest = sha256("abc");
  EXPECT_EQ(digest[0], 0xBA);
  EXPECT_EQ(digest[1], 0x78);
  EXPECT_EQ(digest[31], 0xAD);
}

TEST(EventBatch, ViewsSurviveGrowthAndMoves) {
  EventBatch batch(64);
  std::vector<std::pair<std::string, std::string_view>> kept;
  for (int i = 0; i < 2000; ++i) {
    std::string text(static_cast<std::size_t>(i % 97), static_cast<char>('a' + i % 26));
    kept.emplace_back(text, batch.keep(text));
  }
  const EventBatch moved = std::move(batch);
  for (const auto& [want, view] : kept) EXPECT_EQ(view, want);
  EXPECT_GT(moved.bytes(), 0U);
}

TEST(EventBatch, ClearKeepsOneBlock) {
  EventBatch batch;
  for (int i = 0; i < 100; ++i) batch.allocate(10'000);
  batch.clear();
  const std::size_t kept = batch.bytes();
  batch.allocate(1000);
  EXPECT_EQ(batch.bytes(), kept);
}

}  // namespace
}  // namespace kcloud::core
