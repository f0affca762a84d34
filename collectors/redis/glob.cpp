#include "collectors/redis/glob.h"

#include <algorithm>

namespace kcloud::redis {
namespace {

// The class that opens at `at` (behind its bracket): whether `c` fits; `at` moves behind it.
bool match_class(std::string_view pattern, std::size_t& at, char c) {
  const bool negated = at < pattern.size() && pattern[at] == '^';
  if (negated) ++at;
  bool found = false;
  for (; at < pattern.size() && pattern[at] != ']'; ++at) {
    const std::size_t left = pattern.size() - at;
    if (pattern[at] == '\\' && left >= 2) {
      ++at;
      found = found || pattern[at] == c;
    } else if (left >= 3 && pattern[at + 1] == '-') {
      const auto [low, high] = std::minmax(pattern[at], pattern[at + 2]);
      found = found || (low <= c && c <= high);
      at += 2;
    } else {
      found = found || pattern[at] == c;
    }
  }
  if (at < pattern.size()) ++at;
  return found != negated;
}

// One element that is no `*`: whether it fits `c`; `at` moves behind it.
bool match_one(std::string_view pattern, std::size_t& at, char c) {
  const char first = pattern[at++];
  if (first == '?') return true;
  if (first == '[') return match_class(pattern, at, c);
  if (first == '\\' && at < pattern.size()) return pattern[at++] == c;
  return first == c;
}

}  // namespace

bool glob_match(std::string_view pattern, std::string_view text) {
  if (text.empty()) return pattern.empty();
  std::size_t at = 0;
  std::size_t position = 0;
  std::size_t behind_star = std::string_view::npos;
  std::size_t retry = 0;
  while (position < text.size()) {
    if (at < pattern.size() && pattern[at] == '*') {
      behind_star = ++at;
      retry = position;
    } else if (at < pattern.size() && match_one(pattern, at, text[position])) {
      ++position;
    } else if (behind_star != std::string_view::npos) {
      at = behind_star;
      position = ++retry;
    } else {
      return false;
    }
  }
  return pattern.find_first_not_of('*', at) == std::string_view::npos;
}

bool is_glob(std::string_view text) {
  return text.find_first_of("*?[\\") != std::string_view::npos;
}

}  // namespace kcloud::redis
