#include "rules/render.h"

#include <fmt/format.h>

#include <array>
#include <charconv>
#include <cmath>
#include <string_view>

#include "core/json.h"

namespace kcloud::rules {
namespace {

using Part = Template::Part;

std::string_view found(const std::map<std::string, std::string>& values, const std::string& name) {
  const auto value = values.find(name);
  return value == values.end() ? std::string_view() : std::string_view(value->second);
}

std::optional<double> number_in(std::string_view text) {
  double number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  const bool whole = error == std::errc() && end == text.data() + text.size();
  return whole && !text.empty() ? std::optional(number) : std::nullopt;
}

std::string formatted(double number, Part::Form form) {
  std::string out;
  switch (form) {
    case Part::Form::kHumanize:
      return humanize(number);
    case Part::Form::kHumanizeDuration:
      return humanize_duration(number);
    case Part::Form::kHumanizePercentage:
      return humanize_percentage(number);
    case Part::Form::kJson:
      core::append_json_number(out, number);
      return out;
    case Part::Form::kPlain:
      break;
  }
  return fmt::format("{}", number);
}

std::string formatted(std::string_view text, Part::Form form) {
  if (form == Part::Form::kJson) {
    std::string out;
    core::append_json_string(out, text);
    return out;
  }
  const auto number = form == Part::Form::kPlain ? std::nullopt : number_in(text);
  return number ? formatted(*number, form) : std::string(text);
}

std::string rendered(const Part& part, const TemplateValues& values) {
  switch (part.from) {
    case Part::From::kText:
      return part.text;
    case Part::From::kLabel:
      return formatted(found(values.labels, part.text), part.form);
    case Part::From::kEventField:
      return formatted(found(values.event, part.text), part.form);
    case Part::From::kCount:
      return formatted(static_cast<double>(values.count), part.form);
    case Part::From::kValue:
      break;
  }
  if (values.value) return formatted(*values.value, part.form);
  return part.form == Part::Form::kJson ? "null" : "";
}

}  // namespace

std::string render(const Template& text, const TemplateValues& values) {
  std::string out;
  for (const Part& part : text.parts) out += rendered(part, values);
  return out;
}

std::string humanize(double value) {
  constexpr std::array<std::string_view, 9> kLarge{"", "k", "M", "G", "T", "P", "E", "Z", "Y"};
  constexpr std::array<std::string_view, 9> kSmall{"", "m", "u", "n", "p", "f", "a", "z", "y"};
  if (value == 0 || !std::isfinite(value)) return fmt::format("{:.4g}", value);
  std::size_t step = 0;
  const bool large = std::abs(value) >= 1;
  while (step + 1 < kLarge.size() && (large ? std::abs(value) >= 1000 : std::abs(value) < 1)) {
    value = large ? value / 1000 : value * 1000;
    ++step;
  }
  return fmt::format("{:.4g}{}", value, large ? kLarge.at(step) : kSmall.at(step));
}

std::string humanize_duration(double seconds) {
  if (!std::isfinite(seconds)) return fmt::format("{:.4g}", seconds);
  if (seconds == 0) return "0s";
  if (std::abs(seconds) < 1) return humanize(seconds) + "s";
  const std::string_view sign = seconds < 0 ? "-" : "";
  seconds = std::abs(seconds);
  if (seconds < 60) return fmt::format("{}{:.4g}s", sign, seconds);
  if (seconds > 1e15) return fmt::format("{}{:.4g}s", sign, seconds);
  const auto whole = static_cast<std::int64_t>(seconds);
  const auto days = whole / 86'400, hours = whole / 3600 % 24, minutes = whole / 60 % 60;
  std::string out(sign);
  if (days > 0) out += fmt::format("{}d ", days);
  if (days > 0 || hours > 0) out += fmt::format("{}h ", hours);
  return out + fmt::format("{}m {}s", minutes, whole % 60);
}

std::string humanize_percentage(double ratio) { return fmt::format("{:.4g}%", ratio * 100); }

}  // namespace kcloud::rules
