// A regular expression of a filter, compiled: RE2's syntax, matched against the whole value. Its
// time is linear in the value's length. Safe for any thread.
#pragma once

#include <memory>
#include <string>
#include <string_view>

namespace kcloud::rules {

class Pattern {
 public:
  // nullptr with the reason in `error` when it is none, or needs more than 1 MiB.
  static std::shared_ptr<const Pattern> compile(const std::string& text, std::string& error);
  ~Pattern();
  Pattern(const Pattern&) = delete;
  Pattern& operator=(const Pattern&) = delete;

  bool matches(std::string_view value) const;
  const std::string& text() const;

 private:
  struct Impl;
  explicit Pattern(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace kcloud::rules
