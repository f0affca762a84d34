#include "agent/cli/top_view.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <limits>

namespace kcloud::cli {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;
constexpr double kNaN = std::numeric_limits<double>::quiet_NaN();

TopModel busy() {
  TopModel model = TopState().model();
  model.version = "1.2.3";
  model.agent = "노드-1";
  model.status = "degraded";
  model.connected = true;
  model.uptime_seconds = 3 * 86400 + 4 * 3600;
  model.collectors = {{"webhook", 1500, 1234, 200, 1, 65, 0},
                      {"kafka", 3, 3, 0, 0, 0, kNaN, "retrying"}};
  model.stored_rate = 1237;
  model.ack_p50 = 0.0012;
  model.ack_p99 = std::numeric_limits<double>::infinity();
  model.ack_bound = 5;
  for (int i = 0; i < 300; ++i) model.stored_history.push_back(i % 50);
  model.journal_state = "open";
  model.journal_events = 1'234'567;
  model.journal_bytes = 1.2 * (1 << 30);
  model.journal_max_bytes = 10.0 * (1 << 30);
  model.commit_rate = 45;
  model.events_per_commit = 27;
  model.commit_seconds = 0.0021;
  model.sinks = {{"main-influx", "idle", "", false, 0, 0, 1230, 2, 0, 0},
                 {"감사-postgres", "retrying", "연결이 거부되었습니다: connection refused", true,
                  98'765, 754, 0, 17, 3, 0}};
  model.dead_letters = 12;
  model.dead_letter_rate = 66;
  model.resident_bytes = 45.0 * (1 << 20);
  model.cpu_share = 0.12;
  return model;
}

std::string text_of(const TopModel& model, const Frame& frame) {
  std::string out;
  for (const Line& line : render(model, frame)) out += to_terminal(line, false) + "\n";
  return out;
}

Frame frame(std::size_t width, std::size_t height) {
  Frame out;
  out.width = width;
  out.height = height;
  out.url = "http://localhost:8007";
  return out;
}

TEST(TopView, FitsEverySize) {
  TopModel silent = busy();
  silent.connected = false;
  silent.error = "http://localhost:8007: connection refused";
  for (const TopModel& model : {busy(), silent, TopState().model()}) {
    for (std::size_t width = 1; width <= 200; width += width < 90 ? 1 : 13) {
      for (const std::size_t height : {1, 2, 5, 13, 14, 20, 24, 60}) {
        for (const bool help : {false, true}) {
          Frame one = frame(width, height);
          one.help = help;
          one.paused = help;
          const auto lines = render(model, one);
          ASSERT_LE(lines.size(), height) << width << " x " << height;
          for (const Line& line : lines) {
            ASSERT_LE(display_width(line), width) << width << " x " << height;
          }
        }
      }
    }
  }
}

TEST(TopView, ShowsEverythingInAnOrdinaryTerminal) {
  const std::string text = text_of(busy(), frame(80, 24));
  for (const char* want :
       {"kcloud-logger 1.2.3  degraded  노드-1  up 3d 4h  every 1 s", "stored 1,237/s", "max 49/s",
        "webhook  –            1,234       1,500           200          65           0",
        "kafka    retrying       3.0         3.0", "p50 1.2 ms  p99 >5 s",
        "open  1.2M events  1.2 GiB of 10.0 GiB 12 %", "45 commits/s of 27 events, 2.1 ms each",
        "dead letters 12 (66/s)", "memory 45.0 MiB", "CPU 12 %", "main-influx",
        "감사-postgres *  retrying", "98,765", "12m 34s",
        "  연결이 거부되었습니다: connection refused", "ALERTS  –", "q quit"}) {
    EXPECT_THAT(text, HasSubstr(want));
  }
}

TEST(TopView, ShowsTheWorstFirstInATinyTerminal) {
  const std::string text = text_of(busy(), frame(20, 5));
  EXPECT_EQ(text.substr(0, text.find('\n')), "degraded  up 3d 4h");
  EXPECT_THAT(text, HasSubstr("stored 1,237/s"));
  EXPECT_THAT(text, HasSubstr("ack p99 >5 s"));
  EXPECT_LT(text.find("retrying"), text.find("main-influx"));
}

TEST(TopView, LeavesColumnsOutWhereItIsNarrow) {
  const std::string text = text_of(busy(), frame(60, 24));
  EXPECT_THAT(text, HasSubstr("state     stored/s  rejected/s  busy 503/s"));
  EXPECT_THAT(text, Not(HasSubstr("duplicates/s")));
  EXPECT_THAT(text, HasSubstr("delivered/s"));
  EXPECT_THAT(text, Not(HasSubstr("skipped")));
}

TEST(TopView, SaysThatNobodyAnswers) {
  TopModel model = busy();
  model.connected = false;
  model.error = "connection refused";
  model.silent_seconds = 75;
  const std::string text = text_of(model, frame(100, 24));
  EXPECT_THAT(text, HasSubstr("kcloud-logger 1.2.3  no answer"));
  EXPECT_THAT(text, HasSubstr("connection refused  for 1m 15s  trying again"));
}

TEST(TopView, ListsAlerts) {
  TopModel model = busy();
  model.alerts = {"high firing idle-cluster"};
  EXPECT_THAT(text_of(model, frame(80, 40)), HasSubstr("ALERTS  1\nhigh firing idle-cluster\n"));
}

TEST(TopView, ShowsPauseAndHelp) {
  Frame one = frame(80, 24);
  one.paused = true;
  EXPECT_THAT(text_of(busy(), one), HasSubstr("PAUSED"));
  one.help = true;
  EXPECT_THAT(text_of(busy(), one), HasSubstr("longer, shorter interval"));
}

TEST(TopView, WritesTextOfAnyLengthWithoutKeys) {
  Frame one = frame(120, std::string::npos);
  one.keys = false;
  const std::string text = text_of(busy(), one);
  EXPECT_THAT(text, HasSubstr("ALERTS"));
  EXPECT_THAT(text, Not(HasSubstr("quit")));
  EXPECT_THAT(text, Not(HasSubstr("every")));
}

TEST(TopText, ShowsFiguresShortly) {
  EXPECT_EQ(count_text(kNaN), "–");
  EXPECT_EQ(count_text(0), "0");
  EXPECT_EQ(count_text(1234.4), "1,234");
  EXPECT_EQ(count_text(99'999), "99,999");
  EXPECT_EQ(count_text(123'456), "123k");
  EXPECT_EQ(count_text(999'999), "1.0M");
  EXPECT_EQ(count_text(123.4e6), "123M");
  EXPECT_EQ(count_text(2.5e9), "2.5G");
  EXPECT_EQ(rate_text(0), "0");
  EXPECT_EQ(rate_text(3.24), "3.2");
  EXPECT_EQ(rate_text(9.99), "10");
  EXPECT_EQ(bytes_text(0), "0 B");
  EXPECT_EQ(bytes_text(1023), "1023 B");
  EXPECT_EQ(bytes_text(1024 * 1023.9), "1.0 MiB");
  EXPECT_EQ(bytes_text(1.5 * (1 << 30)), "1.5 GiB");
  EXPECT_EQ(seconds_text(0.000245), "245 µs");
  EXPECT_EQ(seconds_text(0.0012), "1.2 ms");
  EXPECT_EQ(seconds_text(0.9996), "1.0 s");
  EXPECT_EQ(seconds_text(std::numeric_limits<double>::infinity(), 2.5), ">2.5 s");
  EXPECT_EQ(age_text(59.9), "59 s");
  EXPECT_EQ(age_text(725), "12m 5s");
  EXPECT_EQ(age_text(15'120), "4h 12m");
  EXPECT_EQ(age_text(kNaN), "–");
}

TEST(Graph, DrawsTheNewestValuesToTheRight) {
  EXPECT_EQ(graph({1, 2, 4, 8}, 6, 1, 8), (std::vector<std::string>{"  ▁▂▄█"}));
  EXPECT_EQ(graph({1, 2, 4, 8}, 2, 1, 8), (std::vector<std::string>{"▄█"}));
  EXPECT_EQ(graph({0, kNaN, 0.001, 8}, 4, 1, 8), (std::vector<std::string>{"  ▁█"}));
  EXPECT_EQ(graph({4, 8}, 2, 2, 8), (std::vector<std::string>{" █", "██"}));
  EXPECT_EQ(graph({0, 0}, 2, 1, 0), (std::vector<std::string>{"  "}));
  EXPECT_EQ(graph({}, 3, 1, 0), (std::vector<std::string>{"   "}));
}

TEST(Batch, HasAColumnUnderEachTitle) {
  const std::string line = batch_line(busy(), core::Time());
  EXPECT_EQ(display_width(line), display_width(batch_title()));
  EXPECT_THAT(line, HasSubstr("1970-01-01T00:00:00Z  degraded"));
  TopModel model = busy();
  model.connected = false;
  model.error = "connection refused";
  EXPECT_EQ(batch_line(model, core::Time()), "1970-01-01T00:00:00Z  no answer: connection refused");
}

}  // namespace
}  // namespace kcloud::cli
