#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "config/config.h"
#include "decoded.h"
#include "environment.h"

namespace kcloud::config {
namespace {

using testing::HasSubstr;

constexpr const char* kPreemption =
    "version: 1\n"
    "types:\n"
    "  workload_preempted:\n"
    "    alias: preemption\n"
    "    tags:\n"
    "      priority: {values: [low, high], default: low}\n"
    "      cluster: {required: true}\n"
    "    measures:\n"
    "      grace_seconds: {unit: seconds, paths: [grace, spec.grace_period]}\n";

TEST(UserCatalogue, AddsATypeByYamlAlone) {
  Problems problems;
  const auto catalogue =
      load_catalogue({"/e.yaml"}, fake_environment({}, {{"/e.yaml", kPreemption}}), problems);
  ASSERT_EQ(all(problems), "");
  EXPECT_NE(catalogue->find("scheduling_decision"), nullptr);
  const Decoded decoded(*catalogue, "preemption",
                        R"({"workload_id":"w","cluster":"c","spec":{"gracePeriod":"2m"}})");
  ASSERT_EQ(decoded.errors, "");
  EXPECT_EQ(decoded.event().type_name, "workload_preempted");
  EXPECT_EQ(decoded.event().workload, "w");
  EXPECT_EQ(decoded["grace_seconds"], "120");
  EXPECT_EQ(decoded["priority"], "\"low\"");
}

TEST(UserCatalogue, ReplacesATypeAndPutsCommonPathsInFront) {
  const std::string text =
      "common: {workload: [job]}\n"
      "types:\n  alert:\n    alias: alert\n    texts: {note: {required: true}}\n";
  Problems problems;
  const auto catalogue =
      load_catalogue({"/e.yaml"}, fake_environment({}, {{"/e.yaml", text}}), problems);
  ASSERT_EQ(all(problems), "");
  EXPECT_EQ(catalogue->find("alert")->fields.size(), 1u);
  EXPECT_EQ(catalogue->types().size(),
            load_catalogue({}, fake_environment(), problems)->types().size());
  EXPECT_EQ(catalogue->common().workload.front(), "job");
  EXPECT_EQ(Decoded(*catalogue, "alert", R"({"note":"n","job":"j"})").event().workload, "j");
}

struct Case {
  std::string text;
  std::string want;
};

TEST(UserCatalogue, ProblemsHaveAPlace) {
  const Case cases[] = {
      {"version: 2\n", "/e.yaml:1:10: error: version: expected a whole number from 1 to 1"},
      {"types:\n  t:\n    tag: {}\n",
       "/e.yaml:3:5: error: types.t: unknown key 'tag' (did you mean 'tags'?)"},
      {"types:\n  t:\n    measures:\n      m: {unit: wats}\n",
       "/e.yaml:4:17: error: types.t.measures.m.unit: expected one of none, count, percent"},
      {"types:\n  t:\n    measures:\n      m: {type: number}\n",
       "types.t.measures.m.type: expected one of text, integer, real, boolean, json"},
      {"types:\n  t:\n    tags:\n      m: {paths: [a..b]}\n",
       "/e.yaml:2:3: error: types.t: event type 't', field 'm': malformed path 'a..b'"},
      {"types:\n  T:\n", "/e.yaml:2:3: error: types.T: event type 'T': a type name is lower case"},
      {"types:\n  t:\n    tags: {a: {}}\n    texts: {a: {}}\n",
       "/e.yaml:2:3: error: types.t: event type 't': field 'a' declared twice"},
      {"types:\n  t:\n    alias: scheduling\n",
       "/e.yaml: error: event type 't': alias 'scheduling' belongs to 'scheduling_decision'"},
      {"types:\n  t:\n    reserved: true\n",
       "/e.yaml:2:3: error: types.t: reserved for the agent's own events"},
      {"types:\n  agent_audit:\n",
       "/e.yaml:2:3: error: types.agent_audit: reserved for the agent's own events"},
      {"types:\n  t:\n    measures:\n      m: {paths: [a], scale: {b: 2}}\n",
       "types.t.measures.m.scale: 'b' is none of the field's paths"},
      {"types:\n  t:\n    measures:\n      m: {paths: [a], scale: {a: -2}}\n",
       "types.t.measures.m.scale: a: expected a number above 0"},
      {"types:\n  t: {}\n  t: {}\n", "/e.yaml:3:3: error: duplicate key 't' (first at line 2)"},
  };
  for (const auto& c : cases) {
    Problems problems;
    const auto catalogue =
        load_catalogue({"/e.yaml"}, fake_environment({}, {{"/e.yaml", c.text}}), problems);
    EXPECT_EQ(catalogue, nullptr) << c.text;
    EXPECT_THAT(all(problems), HasSubstr(c.want)) << c.text;
  }
}

TEST(UserCatalogue, AMissingFileIsAProblem) {
  Problems problems;
  EXPECT_EQ(load_catalogue({"/none.yaml"}, fake_environment(), problems), nullptr);
  EXPECT_EQ(all(problems), "/none.yaml: error: cannot be read (intake.catalogue_files)\n");
}

TEST(UserCatalogue, ParseCatalogueReadsOneFileAlone) {
  Problems problems;
  const auto catalogue = parse_catalogue(kPreemption, "e.yaml", problems);
  ASSERT_NE(catalogue, nullptr) << all(problems);
  EXPECT_EQ(catalogue->types().size(), 1u);
}

}  // namespace
}  // namespace kcloud::config
