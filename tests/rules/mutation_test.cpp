// The shipped rule files with random damage: whatever comes of it, loading neither crashes nor
// names a place that is not there, and what it accepts is whole. KCLOUD_SOAK=1 does 100 times as
// many.
#include <gtest/gtest.h>

#include <cstdlib>
#include <functional>
#include <random>

#include "rules/defaults.h"
#include "rules/pattern.h"
#include "rules/render.h"
#include "rules_files.h"

namespace kcloud::rules {
namespace {

class Mutator {
 public:
  explicit Mutator(unsigned seed) : random_(seed) {}

  std::string damaged(std::string text) {
    for (int count = 1 + below(4); count > 0 && !text.empty(); --count) {
      const std::size_t at = below(text.size());
      switch (below(6)) {
        case 0:  // a character
          text[at] = kCharacters[below(kCharacters.size())];
          break;
        case 1:
          text.erase(at, 1 + below(8));
          break;
        case 2:
          text.insert(at, kWords[below(std::size(kWords))]);
          break;
        case 3:  // a piece once more, elsewhere
          text.insert(at, text.substr(below(text.size()), below(60)));
          break;
        case 4:  // a word in place of another
          replace_word(text, at);
          break;
        default:
          text.resize(at);
      }
    }
    return text;
  }

 private:
  template <typename Number>
  Number below(Number limit) {
    return static_cast<Number>(random_() % static_cast<unsigned long>(limit));
  }

  void replace_word(std::string& text, std::size_t at) {
    const auto is_word = [&](std::size_t i) {
      return i < text.size() &&
             (std::isalnum(static_cast<unsigned char>(text[i])) || text[i] == '_');
    };
    while (at > 0 && is_word(at - 1)) --at;
    std::size_t length = 0;
    while (is_word(at + length)) ++length;
    text.replace(at, length, kWords[below(std::size(kWords))]);
  }

  static constexpr std::string_view kCharacters = "(){}[]'\"`|>-:,.#@%&*!=~\\ \n\t09azA\xed\xff";
  static constexpr const char* kWords[] = {"count(",
                                           "sum",
                                           "not ",
                                           " and ",
                                           " or ",
                                           " unless ",
                                           "absent",
                                           "new(",
                                           "changed",
                                           "prev(",
                                           "abs(",
                                           "zscore",
                                           "[5m]",
                                           "[]",
                                           " offset 1d",
                                           "{{",
                                           "}}",
                                           "$value",
                                           "@serious",
                                           "@gpu",
                                           "1e308",
                                           "30%",
                                           "0",
                                           "999999999999999d",
                                           "null",
                                           "true",
                                           "expr: ",
                                           "\n",
                                           "slo",
                                           "within",
                                           "by",
                                           "한국",
                                           "'",
                                           "\"",
                                           ">-",
                                           "|\n",
                                           "policy_change",
                                           "scheduling_decision",
                                           ".execution_time_ms",
                                           "{}",
                                           "=~ \"a(\"",
                                           "in (1)"};
  std::mt19937 random_;
};

void for_each_selector(const Rule& rule, const std::function<void(const Selector&)>& visit) {
  const std::function<void(const Expr&)> walk = [&](const Expr& expr) {
    if (expr.kind == Expr::Kind::kAggregate || expr.kind == Expr::Kind::kEvent)
      visit(expr.selector);
    for (const Expr& operand : expr.operands) walk(operand);
  };
  if (rule.expr) walk(*rule.expr);
  for (const Step& step : rule.sequence) visit(step.selector);
}

void expect_whole(const RuleSet& set) {
  for (const auto& group : set.groups) {
    for (const auto& rule : group.rules) {
      ASSERT_FALSE(rule.name.empty());
      ASSERT_NE(rule.expr.has_value(), !rule.sequence.empty());
      ASSERT_TRUE(!rule.expr || rule.expr->is_condition());
      for_each_selector(rule, [&](const Selector& selector) {
        ASSERT_TRUE(selector.type);
        ASSERT_EQ(selector.by.size(), rule.by.size());
        ASSERT_FALSE(selector.text.empty());
        ASSERT_GT(selector.place.line, 0);
      });
      for (const auto& [key, text] : rule.annotations) render(text, {{}, 1.5, 2, {}});
    }
  }
}

void expect_in_file(const config::Problem& problem, const std::string& text) {
  const config::Source source(text);
  const std::string shown = with_line(problem, text);
  ASSERT_FALSE(problem.message.empty());
  if (problem.line == 0) return;
  ASSERT_LE(source.offset({problem.line, 1}), text.size()) << shown;
  ASSERT_GE(problem.column, 1) << shown;
  // Behind the last character is where a closing bracket would have to stand.
  ASSERT_LE(static_cast<std::size_t>(problem.column), source.line(problem.line).size() + 2)
      << shown;
}

TEST(MutatedRules, LoadOrSayWhyNot) {
  const int rounds = std::getenv("KCLOUD_SOAK") ? 400'000 : 4'000;
  const auto files = default_files();
  Mutator mutator(20250115);
  int accepted = 0;
  for (int round = 0; round < rounds; ++round) {
    const std::string text = mutator.damaged(files[static_cast<std::size_t>(round) % 5].text);
    const Loaded loaded = load_text(text);
    SCOPED_TRACE(text);
    for (const auto& problem : loaded.problems) expect_in_file(problem, text);
    expect_whole(*loaded.rules);
    accepted += loaded.ok();
    if (testing::Test::HasFailure()) return;
  }
  // Both ways are taken.
  EXPECT_GT(accepted, rounds / 100);
  EXPECT_LT(accepted, rounds / 2);
  RecordProperty("accepted", accepted);
}

}  // namespace
}  // namespace kcloud::rules
