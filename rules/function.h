// The functions of the language and what they want of a selector. Pure.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "rules/selector_parser.h"

namespace kcloud::rules {

struct Function {
  enum class Field : std::uint8_t { kOptional, kOptionalNumber, kAny, kNumber };
  std::string_view name;
  Expr::Kind kind = Expr::Kind::kAggregate;
  Aggregate aggregate = Aggregate::kCount;
  Field field = Field::kOptional;
  std::string_view form;  // for people
};

std::span<const Function> functions();
const Function* find_function(std::string_view name);
const Function* nearest_function(std::string_view name);  // nullptr: none is near
std::string unknown_function(std::string_view name);

// What is wrong with the selector of an aggregate, each with its offset in the text.
std::vector<std::pair<std::size_t, std::string>> misuse(const Function& function,
                                                        const WrittenSelector& written,
                                                        const Selector& selector);

}  // namespace kcloud::rules
