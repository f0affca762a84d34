#include "rules/render.h"

#include <gtest/gtest.h>

#include <limits>

#include "rules_files.h"

namespace kcloud::rules {
namespace {

struct Number {
  double value;
  std::string want;
};

TEST(Humanize, WritesPrefixes) {
  for (const auto& [value, want] : std::vector<Number>{{0, "0"},
                                                       {1, "1"},
                                                       {999.94, "999.9"},
                                                       {1234, "1.234k"},
                                                       {-1234567, "-1.235M"},
                                                       {1e9, "1G"},
                                                       {1e30, "1e+06Y"},
                                                       {0.25, "250m"},
                                                       {0.000012345, "12.35u"},
                                                       {1e-30, "1e-06y"},
                                                       {1.0 / 0.0, "inf"}})
    EXPECT_EQ(humanize(value), want);
}

TEST(HumanizeDuration, WritesUnits) {
  for (const auto& [value, want] : std::vector<Number>{{0, "0s"},
                                                       {0.003, "3ms"},
                                                       {12.5, "12.5s"},
                                                       {60, "1m 0s"},
                                                       {3661, "1h 1m 1s"},
                                                       {93784, "1d 2h 3m 4s"},
                                                       {-90, "-1m 30s"},
                                                       {1e18, "1e+18s"}})
    EXPECT_EQ(humanize_duration(value), want);
}

TEST(HumanizePercentage, WritesPercent) {
  for (const auto& [value, want] :
       std::vector<Number>{{0.3, "30%"}, {0.12345, "12.35%"}, {2, "200%"}, {0, "0%"}})
    EXPECT_EQ(humanize_percentage(value), want);
}

struct Case {
  std::string text, want;
};

std::string rendered(const std::string& text, std::optional<double> value = 1234.5) {
  const Loaded loaded = load_text(
      one_rule("expr: alert\nby: [cluster]\nlabels: {team: a}\nannotations:\n  t: '" + text + "'"));
  EXPECT_EQ(all(loaded.problems), "");
  const Labels labels{{"cluster", "gpu \"1\""}, {"team", "a"}, {"alertname", "A"}};
  const std::map<std::string, std::string> event{{"message", "1500"}, {"reason", "최적"}};
  return render(loaded.rules->groups[0].rules[0].annotations[0].second,
                {labels, value, 12'345, event});
}

TEST(Render, PutsValuesIn) {
  for (const auto& [text, want] : std::vector<Case>{
           {"plain { } }} text", "plain { } }} text"},
           {"{{ $value }}", "1234.5"},
           {"{{$value|humanize}}", "1.234k"},
           {"{{ $value | humanizeDuration }}", "20m 34s"},
           {"{{ $value | humanizePercentage }}", "1.234e+05%"},
           {"{{ $value | json }}", "1234.5"},
           {"{{ $count }}, {{ $count | humanize }}", "12345, 12.35k"},
           {"on {{ $labels.cluster }} of {{ $labels.alertname }}", "on gpu \"1\" of A"},
           {"{{ $labels.cluster | json }}", "\"gpu \\\"1\\\"\""},
           {"{{ $labels.team | humanize }}", "a"},
           {"{{ $event.message | humanize }}", "1.5k"},
           {"{{ $event.message | json }}", "\"1500\""},
           {"{{ $event.reason }}", "최적"},
           {"a{{ $event.source }}b{{ $event.source | humanize }}", "ab"},
       })
    EXPECT_EQ(rendered(text), want) << text;
}

TEST(Render, AMissingValueIsNothing) {
  EXPECT_EQ(rendered("a{{ $value }}b{{ $value | humanize }}c{{ $value | json }}", std::nullopt),
            "abcnull");
}

TEST(Render, NumbersAreShort) { EXPECT_EQ(rendered("{{ $value }}", 3), "3"); }

}  // namespace
}  // namespace kcloud::rules
