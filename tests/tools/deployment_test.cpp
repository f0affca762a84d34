// The configurations in deployment/ are accepted, and the manifest's documents are well-formed.
#include <gtest/gtest.h>

#include <fstream>
#include <sstream>

#include "config/config.h"

namespace kcloud::config {
namespace {

std::string read_file(const std::string& name) {
  std::ifstream in(std::string(KCLOUD_SOURCE_DIR) + "/deployment/" + name);
  EXPECT_TRUE(in) << name;
  std::ostringstream text;
  text << in.rdbuf();
  return text.str();
}

// What a node's environment and the mounted Secret hold.
Environment cluster_environment() {
  Environment environment;
  environment.variable = [](const std::string&) { return std::optional<std::string>("node-1"); };
  environment.file = [](const std::string& path) {
    return std::optional<std::string>("0123456789abcdef0123456789abcdef" + path);
  };
  return environment;
}

std::string all(const Problems& problems) {
  std::string out;
  for (const Problem& problem : problems) out += problem.to_string() + "\n";
  return out;
}

// The lines of the block scalar `key: |`, its indent taken away.
std::string block_scalar(const std::string& yaml, const std::string& key) {
  std::istringstream lines(yaml);
  std::string out;
  bool inside = false;
  for (std::string line; std::getline(lines, line);) {
    if (line == "  " + key + ": |") {
      inside = true;
    } else if (inside) {
      if (!line.starts_with("    ")) break;
      out += line.substr(4) + "\n";
    }
  }
  return out;
}

TEST(Deployment, ConfigurationOfTheImageIsAccepted) {
  Problems problems;
  const Config config = parse_config(read_file("container.yaml"), "container.yaml", {},
                                     cluster_environment(), problems);
  EXPECT_EQ(all(problems), "");
  EXPECT_EQ(config.http.listen, "0.0.0.0:8007");
}

struct Manifest {
  const char* file;
  const char* agent;  // name
  const char* role;   // of its first token
  std::size_t documents;
};

class Manifests : public ::testing::TestWithParam<Manifest> {};

TEST_P(Manifests, ConfigurationIsAccepted) {
  const std::string text = block_scalar(read_file(GetParam().file), "kcloud-logger.yaml");
  ASSERT_FALSE(text.empty());
  Problems problems;
  const Config config = parse_config(text, GetParam().file, {}, cluster_environment(), problems);
  EXPECT_EQ(all(problems), "");
  EXPECT_EQ(config.agent.name, GetParam().agent);
  ASSERT_EQ(config.http.tokens.size(), 2u);
  EXPECT_EQ(config.http.tokens[0].roles, std::vector<std::string>{GetParam().role});
}

TEST_P(Manifests, IsWellFormed) {
  std::istringstream lines(read_file(GetParam().file));
  std::vector<std::string> documents(1);
  for (std::string line; std::getline(lines, line);) {
    if (line == "---") {
      documents.emplace_back();
    } else {
      documents.back() += line + "\n";
    }
  }
  Environment environment = cluster_environment();
  for (const std::string& document : documents) {
    Problems problems;
    std::string kind;
    Section::parse(document, GetParam().file, environment, problems).read("kind", kind);
    EXPECT_EQ(all(problems), "") << document;
    EXPECT_FALSE(kind.empty());
  }
  EXPECT_EQ(documents.size(), GetParam().documents);
}

INSTANTIATE_TEST_SUITE_P(Deployment, Manifests,
                         ::testing::Values(Manifest{"logger.yaml", "node-1", "ingest", 5},
                                           Manifest{"cluster.yaml", "cluster", "forward", 3}));

}  // namespace
}  // namespace kcloud::config
