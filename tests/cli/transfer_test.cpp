// The pure parts of import and export.
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

#include "agent/cli/export.h"
#include "agent/cli/import.h"
#include "agent/cli/import_state.h"
#include "agent/cli/transfer.h"

namespace kcloud::cli {
namespace {

TEST(Transfer, Line) {
  Transfer transfer;
  transfer.bytes = 64 << 20;
  transfer.events = 100'000;
  transfer.elapsed = std::chrono::seconds(2);
  EXPECT_EQ(transfer_line(transfer), "64.0 MiB  100,000 events  50,000/s");
  transfer.total_bytes = 256 << 20;
  transfer.rejected = 3;
  EXPECT_EQ(transfer_line(transfer),
            " 25 %  64.0 MiB of 256 MiB  100,000 events  50,000/s  3 rejected  6 s left");
  transfer.bytes_before = 32 << 20;  // an earlier run's share says nothing about the rate
  EXPECT_NE(transfer_line(transfer).find("12 s left"), std::string::npos);
  transfer.bytes = transfer.bytes_before = 0;
  EXPECT_EQ(transfer_line(transfer).find("left"), std::string::npos);
}

TEST(Transfer, Numbers) {
  EXPECT_EQ(grouped(0), "0");
  EXPECT_EQ(grouped(999), "999");
  EXPECT_EQ(grouped(1000), "1,000");
  EXPECT_EQ(grouped(123456789), "123,456,789");
  EXPECT_EQ(size_text(999), "999 B");
  EXPECT_EQ(size_text(1536), "1.50 KiB");
  EXPECT_EQ(size_text(10ull << 30), "10.0 GiB");
}

TEST(Tally, KeepsTheFirstRejections) {
  Tally tally;
  for (std::uint64_t line = 1; line <= 100; ++line) tally.reject(line, "why");
  EXPECT_EQ(tally.first.size(), 10U);
  EXPECT_EQ(tally.first.back().line, 10U);
}

TEST(ImportState, SurvivesItsText) {
  ImportState state;
  state.file = {"/a \"b\"", 70'000, 65'536, std::string(64, 'a')};
  state.journal = "2c7a289e";
  state.place = {1ull << 40, 12};
  state.done = true;
  const auto read = parse_state(to_json(state));
  ASSERT_TRUE(read);
  EXPECT_EQ(to_json(*read), to_json(state));
  for (const char* text : {"", "{}", "no", R"({"path":"/a","size":"x"})"}) {
    EXPECT_FALSE(parse_state(text)) << text;
  }
}

TEST(ImportState, AFileMayGrowButNotChange) {
  std::string name = (std::filesystem::temp_directory_path() / "kcloud-state-XXXXXX").string();
  const std::string folder = mkdtemp(name.data());
  const std::string file = folder + "/f";
  std::ofstream(file) << "one\n";
  ImportState state;
  state.file = *identify(file);
  EXPECT_TRUE(is_continuation(*identify(file), state));
  std::ofstream(file, std::ios::app) << std::string(100'000, '2');
  EXPECT_TRUE(is_continuation(*identify(file), state));
  state.file = *identify(file);
  std::ofstream(file, std::ios::app) << "3";
  EXPECT_TRUE(is_continuation(*identify(file), state));
  std::ofstream(file) << "oNe\n" << std::string(200'000, '2');
  EXPECT_FALSE(is_continuation(*identify(file), state));
  std::ofstream(file) << "one\n";
  EXPECT_FALSE(is_continuation(*identify(file), state)) << "shorter than it was";
  EXPECT_FALSE(identify(folder));
  EXPECT_FALSE(identify("-"));
  EXPECT_FALSE(identify(folder + "/missing"));
  write_state_file(folder + "/state", "text");
  EXPECT_EQ(read_state_file(folder + "/state"), "text");
  EXPECT_EQ(read_state_file(folder + "/none"), "");
  std::filesystem::remove_all(folder);
  EXPECT_THROW(write_state_file(folder + "/state", "text"), std::runtime_error);
}

TEST(Export, ParametersAreThoseOfTheListing) {
  ExportOptions options;
  options.workload = "w/1";
  options.received_since = "-1h";
  const std::vector<Parameter> wanted{
      {"workload", "w/1"}, {"received_since", "-1h"}, {"order", "asc"}, {"format", "ndjson"}};
  EXPECT_EQ(query_parameters(options), wanted);
  options.format = "body";
  EXPECT_EQ(query_parameters(options).back(), Parameter("format", "ndjson"));
}

TEST(Export, DistancesAreTheSameForEveryPage) {
  const auto now = core::parse_time("2025-01-15T10:30:00Z", core::Zone())->time;
  ExportOptions options;
  options.since = "-90m";
  options.until = "now";
  options.received_since = "2025-01-01 00:00:00";  // the agent's zone: left to it
  options.received_until = "-nonsense";
  settle_times(options, now);
  EXPECT_EQ(options.since, "2025-01-15T09:00:00Z");
  EXPECT_EQ(options.until, "2025-01-15T10:30:00Z");
  EXPECT_EQ(options.received_since, "2025-01-01 00:00:00");
  EXPECT_EQ(options.received_until, "-nonsense");
}

TEST(Export, RowsOfCsvMayHoldLines) {
  EXPECT_EQ(count_rows("a\nb\n", false), 2U);
  EXPECT_EQ(count_rows("head\r\n\"a\nb\"\"\nc\",d\r\n", true), 2U);
}

}  // namespace
}  // namespace kcloud::cli
