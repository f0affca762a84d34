#include "rules/template.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <utility>

#include "config/suggest.h"
#include "config/text_check.h"
#include "rules/filter_parser.h"
#include "rules/lexer.h"

namespace kcloud::rules {
namespace {

using Part = Template::Part;

constexpr std::array<std::pair<std::string_view, Part::Form>, 4> kForms{
    {{"humanize", Part::Form::kHumanize},
     {"humanizeDuration", Part::Form::kHumanizeDuration},
     {"humanizePercentage", Part::Form::kHumanizePercentage},
     {"json", Part::Form::kJson}}};
constexpr std::string_view kNames = "$value, $count, $labels.NAME and $event.FIELD";

class TemplateParser {
 public:
  TemplateParser(std::string_view text, const TemplateNames& names) : text_(text), names_(names) {}

  // Throws SyntaxError.
  std::vector<Part> parts() {
    std::vector<Part> parts;
    while (at_ < text_.size()) {
      const std::size_t open = std::min(text_.find("{{", at_), text_.size());
      if (open > at_) parts.push_back(literal(text_.substr(at_, open - at_)));
      at_ = open;
      if (open < text_.size()) parts.push_back(placeholder());
    }
    return parts;
  }

 private:
  static Part literal(std::string_view text) {
    return {Part::From::kText, Part::Form::kPlain, std::string(text)};
  }

  Part placeholder() {
    const std::size_t open = at_;
    end_ = text_.find("}}", open);
    if (end_ == text_.npos) throw SyntaxError{open, "`{{` without `}}`"};
    at_ = open + 2;
    Part part = value();
    skip_white();
    if (at_ < end_ && text_[at_] == '|') {
      ++at_;
      part.form = form();
      skip_white();
    }
    if (at_ < end_) throw SyntaxError{at_, "expected `}}`, or `|` and one filter"};
    at_ = end_ + 2;
    return part;
  }

  Part value() {
    skip_white();
    const std::size_t begin = at_;
    const std::string_view word = take_word();
    if (word == "$value") return {Part::From::kValue};
    if (word == "$count") return {Part::From::kCount};
    if (word.starts_with("$labels."))
      return {Part::From::kLabel, Part::Form::kPlain, label(word.substr(8), begin + 8)};
    if (word.starts_with("$event."))
      return {Part::From::kEventField, Part::Form::kPlain, field(word.substr(7), begin + 7)};
    throw SyntaxError{
        begin,
        fmt::format("unknown name '{}'{}; there are {}", config::shown(word),
                    config::did_you_mean(word, {"$value", "$count", "$labels", "$event"}), kNames)};
  }

  std::string label(std::string_view name, std::size_t at) const {
    const auto& known = names_.labels;
    if (std::find(known.begin(), known.end(), name) == known.end())
      throw SyntaxError{at, fmt::format("unknown label '{}'{}; there are {}", config::shown(name),
                                        config::did_you_mean(name, known), config::joined(known))};
    return std::string(name);
  }

  std::string field(std::string_view name, std::size_t at) const {
    const auto& types = names_.event_types;
    const bool known = types.empty() || std::any_of(types.begin(), types.end(), [&](const auto* t) {
                         return find_field(*t, name).has_value();
                       });
    if (!known) throw SyntaxError{at, no_field(*types.front(), name)};
    return std::string(name);
  }

  Part::Form form() {
    skip_white();
    const std::size_t begin = at_;
    const std::string_view word = take_word();
    std::vector<std::string> known;
    for (const auto& [name, form] : kForms) {
      if (name == word) return form;
      known.emplace_back(name);
    }
    throw SyntaxError{begin, fmt::format("unknown filter '{}'{}; there are {}", config::shown(word),
                                         config::did_you_mean(word, known), config::joined(known))};
  }

  void skip_white() {
    while (at_ < end_ && std::string_view(" \t\r\n").find(text_[at_]) != std::string_view::npos)
      ++at_;
  }

  std::string_view take_word() {
    const std::size_t begin = at_;
    while (at_ < end_ && std::string_view(" \t\r\n|").find(text_[at_]) == std::string_view::npos)
      ++at_;
    return text_.substr(begin, at_ - begin);
  }

  std::string_view text_;
  const TemplateNames& names_;
  std::size_t at_ = 0;
  std::size_t end_ = 0;  // of the placeholder being read
};

}  // namespace

std::optional<Template> parse_template(const config::Text& text, const TemplateNames& names,
                                       Scope& scope) {
  try {
    return Template{text.value(), TemplateParser(text.value(), names).parts()};
  } catch (const SyntaxError& error) {
    scope.problem(text.place(error.at), error.message);
    return std::nullopt;
  }
}

}  // namespace kcloud::rules
