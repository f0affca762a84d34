#include "exporters/influxdb/escape.h"

#include <gtest/gtest.h>

namespace kcloud::influxdb {
namespace {

struct Case {
  const char* name;
  std::string input;
  std::string want;
};

template <typename Append>
void check(const std::vector<Case>& cases, Append append) {
  for (const auto& [name, input, want] : cases) {
    std::string out = "before ";
    append(out, input);
    EXPECT_EQ(out, "before " + want) << name;
  }
}

TEST(Escape, Names) {
  check({{"plain", "gpu-cluster-01", "gpu-cluster-01"},
         {"korean", "최적", "최적"},
         {"delimiters", "a,b c=d", "a\\,b\\ c\\=d"},
         {"quote stays", "say \"x\"", "say\\ \"x\""},
         {"newline", "a\nb", "a_b"},
         {"carriage return", "a\rb", "a_b"},
         {"tab", "a\tb", "a_b"},
         {"nul", std::string("a\0b", 3), "a_b"},
         {"delete", "a\x7f", "a_"},
         {"backslash inside", "a\\b", "a\\b"},
         {"backslash at the end", "a\\", "a_"},
         {"backslashes at the end", "a\\\\", "a\\_"},
         {"backslash before a comma", "a\\,b", "a_\\,b"},
         {"backslash before a space", "a\\ b", "a_\\ b"},
         {"backslash before an equals sign", "a\\=b", "a_\\=b"},
         {"backslash before a quote", "a\\\"b", "a_\"b"},
         {"two backslashes before a space", "a\\\\ b", "a\\_\\ b"},
         {"backslash before a newline", "a\\\nb", "a\\_b"}},
        append_name);
}

TEST(Escape, Measurements) {
  check({{"plain", "scheduling_decision", "scheduling_decision"},
         {"empty", "", "_"},
         {"comment sign in front", "#x", "_x"},
         {"comment sign inside", "a#x", "a#x"},
         {"delimiters", "a,b c=d", "a\\,b\\ c=d"},
         {"backslash before an equals sign", "a\\=b", "a_=b"},
         {"newline", "a\nb,c=d e=1", "a_b\\,c=d\\ e=1"}},
        append_measurement);
}

TEST(Escape, Strings) {
  check({{"empty", "", "\"\""},
         {"korean", "최적 전력 효율성", "\"최적 전력 효율성\""},
         {"quote", "a\"b", "\"a\\\"b\""},
         {"backslash", "a\\b", "\"a\\\\b\""},
         {"backslash at the end", "a\\", "\"a\\\\\""},
         {"newline stays", "a\nb", "\"a\nb\""}},
        append_string);
}

}  // namespace
}  // namespace kcloud::influxdb
