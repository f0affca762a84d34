#include "exporters/postgres/config.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <sstream>

#include "tests/config/plugin_options.h"

namespace kcloud::postgres {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

config::ReadOptions<Config> read(const std::string& text) {
  return config::read_options(parse, text, {{"PGSECRET", "hush"}});
}

TEST(PostgresConfig, DefaultsNeedNoKey) {
  const auto [config, problems] = read("{}");
  EXPECT_THAT(problems, IsEmpty());
  EXPECT_EQ(config.schema, "kcloud_audit");
  EXPECT_EQ(config.retention_days, 730u);
  EXPECT_TRUE(plugin().required_by_default);
}

TEST(PostgresConfig, APasswordInTheUrlIsRefusedAndNeverShown) {
  const auto [config, problems] = read("url: postgresql://a:hunter2@h/db");
  EXPECT_THAT(problems, ElementsAre(HasSubstr("use `password`")));
  EXPECT_THAT(problems, ElementsAre(Not(HasSubstr("hunter2"))));
  EXPECT_THAT(read("url: 'host=h passwd=hunter2'").problems,
              ElementsAre(Not(HasSubstr("hunter2"))));
  EXPECT_THAT(show(read("password: ${PGSECRET}").config), Not(HasSubstr("hush")));
}

TEST(PostgresConfig, NamesThatCouldBeSqlAreRefused) {
  EXPECT_THAT(read("schema: 'a\"; DROP'").problems, ElementsAre(HasSubstr("a-z, 0-9 and _")));
  EXPECT_THAT(read("writer_role: 'A-B'").problems, ElementsAre(HasSubstr("a-z, 0-9 and _")));
  EXPECT_THAT(read("reader_role: 1x").problems, ElementsAre(HasSubstr("no digit first")));
}

TEST(PostgresConfig, TheSampleIsRead) {
  std::ifstream file(KCLOUD_SOURCE_DIR "/exporters/postgres/sample.yaml");
  std::stringstream text;
  text << file.rdbuf();
  config::Problems problems;
  auto root = config::Section::parse(text.str(), "sample.yaml",
                                     config::fake_environment({{"PGSECRET", "hush"}}), problems);
  auto entry = root.section("exporters").section("audit");
  std::string type;
  entry.read("type", type);
  EXPECT_FALSE(parse(entry).migrate);
  entry.finish();
  EXPECT_THAT(problems, IsEmpty());
}

}  // namespace
}  // namespace kcloud::postgres
