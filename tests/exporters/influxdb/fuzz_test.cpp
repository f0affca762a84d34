// Hostile texts in every place of a point, read back from a real InfluxDB: each event is one point
// of its own series and nothing else is there.
#include <gtest/gtest.h>

#include <random>
#include <set>

#include "exporters/influxdb/exporter.h"
#include "tests/exporters/influxdb/fixtures.h"
#include "tests/support/influxdb_server.h"

namespace kcloud::influxdb {
namespace {

using test_support::InfluxDbServer;
using test_support::InfluxSeries;

std::string hostile(std::mt19937& random) {
  static const std::vector<std::string> pieces = {",",
                                                  "=",
                                                  " ",
                                                  "\\",
                                                  "\\\\",
                                                  "\"",
                                                  "'",
                                                  "\n",
                                                  "\r",
                                                  "\t",
                                                  std::string(1, '\0'),
                                                  "#",
                                                  "\x7f",
                                                  "\x01",
                                                  "한",
                                                  "😀",
                                                  "\u2028",
                                                  "\ufeff",
                                                  "a",
                                                  "Z",
                                                  "0",
                                                  "1i",
                                                  "-",
                                                  ".",
                                                  ",foreign=1",
                                                  "\nforeign,a=b f=1 1\n",
                                                  " f=1 1",
                                                  "\\\n",
                                                  "\\ ",
                                                  "\\,",
                                                  "\\=",
                                                  "\" ",
                                                  "=\"",
                                                  "time",
                                                  "/*",
                                                  "{}",
                                                  "$",
                                                  "%s",
                                                  "\u00a0",
                                                  "\x0b",
                                                  "\x0c",
                                                  "\x1b[0m",
                                                  "\xc2\x85"};
  std::string text;
  for (auto count = random() % 9; count > 0; --count) text += pieces[random() % pieces.size()];
  return text;
}

bool is_control(char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; }

// `got` is `sent`, but for characters that line protocol cannot carry in a name.
bool same_name(std::string_view sent, std::string_view got) {
  if (sent.size() != got.size()) return false;
  for (std::size_t i = 0; i < sent.size(); ++i) {
    const bool replaceable = is_control(sent[i]) || sent[i] == '\\' || (i == 0 && sent[i] == '#');
    if (sent[i] != got[i] && !(got[i] == '_' && replaceable)) return false;
  }
  return true;
}

class Round {
 public:
  Round(InfluxDbServer& server, std::uint32_t seed) : server_(server), random_(seed) {
    server_.create_database("fuzz");
  }
  ~Round() { server_.query("", "DROP DATABASE fuzz"); }

  void write(int points, int batch_size) {
    Config config;
    config.url = server_.url();
    config.database = "fuzz";
    config.max_tag_values = 100'000;
    Exporter exporter(config, {{"agent_cluster", hostile(random_) + "x"}});
    while (points > 0) {
      const auto first = batch_.events.size();
      for (int i = 0; i < batch_size; ++i, --points) add();
      const auto delivery = exporter.deliver(std::span(batch_.events).subspan(first));
      ASSERT_EQ(delivery.kind, core::Delivery::Kind::kDelivered) << delivery.reason;
      ASSERT_TRUE(delivery.rejected.empty()) << delivery.rejected[0].reason;
    }
  }

  void check() {
    std::map<std::string, const core::Event*> expected;
    for (const auto& event : batch_.events) expected[core::to_string(event.id)] = &event;
    for (const auto& series : server_.query("fuzz", "SELECT * FROM /.*/ GROUP BY *"))
      for (std::size_t row = 0; row < series.rows.size(); ++row) {
        const auto id = series.at(row, "id");
        ASSERT_TRUE(id && expected.contains(*id)) << "a foreign point in series " << series.name;
        check_point(*expected[*id], series, row);
        expected.erase(*id);
      }
    EXPECT_EQ(expected.size(), 0u) << "points that are not there";
  }

 private:
  void add() {
    static constexpr const char* kTypes[] = {"decision", "inefficiency", ""};
    const auto keep = [this] { return batch_.keep(hostile(random_)); };
    std::string type = kTypes[random_() % 3];
    if (type.empty()) type = "t" + hostile(random_);
    if (random_() % 20 == 0) type = "#" + type;
    auto& event = testing::add_event(
        batch_, catalogue_, type, std::to_string(batch_.events.size()),
        testing::kNoon + static_cast<std::int64_t>(random_() % 3) * 1'000'000'000);
    event.cluster = keep();
    event.collector = keep();
    event.reason = keep();
    event.workload = keep();
    event.severity = keep();
    if (type == "decision") {
      const auto fields = batch_.allocate_fields(event.type->fields.size());
      fields[*event.type->slot("scheduler")].kind = core::FieldValue::Kind::kText;
      fields[*event.type->slot("scheduler")].text = keep();
      event.fields = fields;
    }
  }

  void check_point(const core::Event& sent, const InfluxSeries& got, std::size_t row) const {
    EXPECT_TRUE(same_name(sent.type_name, got.name)) << sent.type_name << " became " << got.name
                                                   << " id " << core::to_string(sent.id);
    const auto tag = [&](const char* key) {
      const auto found = got.tags.find(key);
      return found == got.tags.end() ? std::string() : found->second;
    };
    EXPECT_TRUE(same_name(sent.cluster, tag("cluster"))) << sent.cluster;
    EXPECT_TRUE(same_name(sent.collector, tag("collector"))) << sent.collector;
    static const std::set<std::string> known = {"agent",     "agent_cluster", "cluster",
                                                "collector", "scheduler",     "outcome",
                                                "kind",      "severity"};
    for (const auto& [key, value] : got.tags) EXPECT_TRUE(known.contains(key)) << key;
    if (sent.type_name == "decision") {
      EXPECT_TRUE(same_name(sent.fields[*sent.type->slot("scheduler")].text, tag("scheduler")));
    }
    if (sent.type_name == "inefficiency") {
      EXPECT_TRUE(same_name(sent.severity, tag("severity")));
    } else {
      EXPECT_EQ(got.at(row, "severity").value_or(""), sent.severity);
    }
    EXPECT_EQ(got.at(row, "reason").value_or(""), sent.reason);
    EXPECT_EQ(got.at(row, "workload").value_or(""), sent.workload);
  }

  InfluxDbServer& server_;
  std::mt19937 random_;
  core::Catalogue catalogue_ = testing::make_catalogue();
  core::EventBatch batch_;
};

TEST(LineProtocolFuzz, NoHostileTextMakesAForeignSeries) {
  InfluxDbServer server;
  const std::uint32_t rounds = test_support::soak() ? 100 : 2;
  for (std::uint32_t seed = 1; seed <= rounds && !::testing::Test::HasFailure(); ++seed) {
    Round round(server, seed);
    round.write(10'000, 500);
    if (!::testing::Test::HasFatalFailure()) round.check();
  }
}

}  // namespace
}  // namespace kcloud::influxdb
