#include "config/scalar.h"

#include <gtest/gtest.h>

#include "config/suggest.h"
#include "config/text_check.h"

namespace kcloud::config {
namespace {

using std::chrono::milliseconds;

TEST(Scalar, SizesReadBackWhatTheyWrite) {
  const std::pair<std::uint64_t, std::string> cases[] = {
      {0, "0"},          {1000, "1000"},         {1024, "1KiB"},       {1536, "1536"},
      {8 << 20, "8MiB"}, {10ull << 30, "10GiB"}, {3ull << 40, "3TiB"},
  };
  for (const auto& [bytes, text] : cases) {
    EXPECT_EQ(format_size(bytes), text);
    EXPECT_EQ(parse_size(text), bytes);
  }
  EXPECT_EQ(parse_size("5MB"), 5'000'000u);
  EXPECT_EQ(parse_size("7B"), 7u);
}

TEST(Scalar, RefusesWhatIsNoSize) {
  for (const char* text : {"", "MiB", "-1", "1.5MiB", "8 MiB", "8mib", "1e3",
                           "99999999999999999999", "18446744073709551615KiB", "+5"})
    EXPECT_EQ(parse_size(text), std::nullopt) << text;
  EXPECT_EQ(parse_whole("8MiB"), std::nullopt);
  EXPECT_EQ(parse_whole("18446744073709551615"), 18446744073709551615ull);
}

TEST(Scalar, DurationsUseTheLargestUnitThatKeepsThemWhole) {
  const std::pair<std::int64_t, std::string> cases[] = {
      {0, "0ms"},      {200, "200ms"},    {1500, "1500ms"},    {75'000, "75s"},
      {300'000, "5m"}, {3'600'000, "1h"}, {604'800'000, "7d"},
  };
  for (const auto& [ms, text] : cases) EXPECT_EQ(format_duration(milliseconds(ms)), text);
}

TEST(Suggest, FindsTheNearestWordOrNone) {
  const std::vector<std::string> known{"listen", "tokens", "max_body_bytes", "idle_timeout"};
  EXPECT_EQ(nearest("listn", known), "listen");
  EXPECT_EQ(nearest("lisetn", known), "listen");
  EXPECT_EQ(nearest("max_body_byte", known), "max_body_bytes");
  EXPECT_EQ(nearest("idel_timeuot", known), "idle_timeout");
  EXPECT_EQ(nearest("x", known), "");
  EXPECT_EQ(nearest("completely_other", known), "");
  EXPECT_EQ(nearest(std::string(1'000'000, 'x'), known), "");
  EXPECT_EQ(did_you_mean("token", known), " (did you mean 'tokens'?)");
  EXPECT_EQ(did_you_mean("zzz", known), "");
}

TEST(TextCheck, ShowsTextInOnePrintableLine) {
  EXPECT_EQ(shown("plain"), "plain");
  EXPECT_EQ(shown("a\nb\x07"), "a?b?");
  EXPECT_EQ(shown("최적"), "최적");
  EXPECT_EQ(shown(std::string(100, 'x')), std::string(60, 'x') + "…");
}

}  // namespace
}  // namespace kcloud::config
