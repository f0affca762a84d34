// Rule files made up from a seed: every function, filter operator and kind of rule comes up. They
// are right: load() has nothing to say about them.
#pragma once

#include <cstdint>
#include <random>
#include <string>

namespace kcloud::rules {

class RuleWriter {
 public:
  explicit RuleWriter(std::uint32_t seed) : random_(seed) {}
  std::string file();

  // The catalogue that the files speak of.
  static std::string event_types();

 private:
  std::uint32_t below(std::uint32_t n) { return static_cast<std::uint32_t>(random_() % n); }
  bool chance(std::uint32_t percent) { return below(100) < percent; }
  template <std::size_t N>
  const char* one_of(const char* const (&texts)[N]) {
    return texts[below(N)];
  }

  std::string group(int number);
  std::string rule(const std::string& name);
  std::string body();
  std::string by();
  std::string sequence();
  std::string slo();

  std::string type() { return types_[below(kTypes)]; }
  std::string filter(int depth);
  std::string atom();
  std::string text_value(const std::string& field);
  std::string braces();
  std::string selector(const std::string& field, bool windowed);
  std::string window();
  std::string measure();
  std::string text_field();
  std::string aggregate();
  std::string number(int depth);
  std::string comparison();
  std::string against_history(const char* sign);
  std::string eager(int depth);
  std::string condition(int depth);
  std::string event_condition();

  static constexpr std::uint32_t kTypes = 3;
  static constexpr const char* types_[kTypes] = {"alpha", "beta", "gamma"};
  std::mt19937 random_;
  bool uses_list_ = false, uses_filter_ = false;
};

}  // namespace kcloud::rules
