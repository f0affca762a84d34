#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <fstream>
#include <sstream>

#include "config/config.h"
#include "environment.h"

namespace kcloud::config {
namespace {

const std::string kDocs = std::string(KCLOUD_SOURCE_DIR) + "/docs/";

std::string file_text(const std::string& path) {
  std::ifstream in(path);
  std::stringstream text;
  text << in.rdbuf();
  return text.str();
}

// docs/event-types.md: prose, then the tables from the first `### ` on. KCLOUD_WRITE_DOCS=1 writes
// them anew.
TEST(Documents, EventTypesAreTheCatalogues) {
  Problems problems;
  const auto catalogue = load_catalogue({}, fake_environment(), problems);
  ASSERT_EQ(all(problems), "");
  const std::string path = kDocs + "event-types.md";
  const std::string text = file_text(path);
  const auto tables = text.find("### ");
  ASSERT_NE(tables, std::string::npos);
  const std::string want = text.substr(0, tables) + catalogue_markdown(*catalogue);
  if (std::getenv("KCLOUD_WRITE_DOCS") != nullptr) std::ofstream(path) << want;
  EXPECT_EQ(file_text(path), want) << "run this test with KCLOUD_WRITE_DOCS=1";
}

std::vector<std::string> yaml_blocks(const std::string& text) {
  std::vector<std::string> blocks;
  for (std::size_t at = text.find("```yaml\n"); at != std::string::npos;
       at = text.find("```yaml\n", at)) {
    at += 8;
    const auto end = text.find("```", at);
    blocks.push_back(text.substr(at, end - at));
    at = end + 3;
  }
  return blocks;
}

TEST(Documents, ExamplesOfTheConfigurationAreRead) {
  const auto environment =
      fake_environment({{"KCLOUD_INGEST_TOKEN", "0123456789abcdef"},
                        {"KCLOUD_REDACT_KEY", "0123456789abcdef"},
                        {"BILLING_SECRET", "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"},
                        {"INFLUX_PASSWORD", "secret"},
                        {"NODE_NAME", "node-1"}},
                       {{"/run/secrets/kcloud-logger/forward", "fedcba9876543211\n"},
                        {"/run/secrets/logger-read-token", "fedcba9876543210\n"},
                        {"/run/secrets/billing", "whsec_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA\n"},
                        {"/run/secrets/forge", "It's a Secret to Everybody\n"},
                        {"/etc/kcloud/types.yaml", ""}});
  const auto any = [](Section& section) -> std::shared_ptr<const void> {
    section.ignore_rest();
    return nullptr;
  };
  const Plugins plugins{{{"redis", any, {}, {}}, {"kafka", any, {}, {}}, {"file", any, {}, {}}},
                        {{"forward", false, any, {}}, {"influxdb", false, any, {}}}};
  auto blocks = yaml_blocks(file_text(kDocs + "configuration.md"));
  EXPECT_GE(blocks.size(), 4u);
  for (auto& block : yaml_blocks(file_text(kDocs + "forwarding.md")))
    blocks.push_back(std::move(block));
  for (const auto& block : blocks) {
    Problems problems;
    parse_config(block, "example", plugins, environment, problems);
    EXPECT_EQ(all(problems), "") << block;
  }
}

TEST(Documents, ExamplesOfEventTypesAreRead) {
  const auto blocks = yaml_blocks(file_text(kDocs + "event-types.md"));
  EXPECT_GE(blocks.size(), 1u);
  for (const auto& block : blocks) {
    Problems problems;
    load_catalogue({"example"}, fake_environment({}, {{"example", block}}), problems);
    EXPECT_EQ(all(problems), "") << block;
  }
}

}  // namespace
}  // namespace kcloud::config
