#include "agent/cli/exposition.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <limits>
#include <map>

namespace kcloud::cli {
namespace {

constexpr std::string_view kBlank = " \t\r";

void skip_blank(std::string_view& rest) {
  rest.remove_prefix(std::min(rest.find_first_not_of(kBlank), rest.size()));
}

std::string_view take_until(std::string_view& rest, std::string_view stops) {
  const std::string_view taken = rest.substr(0, rest.find_first_of(stops));
  rest.remove_prefix(taken.size());
  return taken;
}

bool take(std::string_view& rest, char wanted) {
  if (rest.empty() || rest.front() != wanted) return false;
  rest.remove_prefix(1);
  return true;
}

// `"…"` with \\, \" and \n.
bool take_quoted(std::string_view& rest, std::string& out) {
  if (!take(rest, '"')) return false;
  while (!rest.empty()) {
    char byte = rest.front();
    rest.remove_prefix(1);
    if (byte == '"') return true;
    if (byte == '\\' && !rest.empty()) {
      byte = rest.front() == 'n' ? '\n' : rest.front();
      rest.remove_prefix(1);
    }
    out += byte;
  }
  return false;
}

bool take_labels(std::string_view& rest, Sample& sample) {
  if (!take(rest, '{')) return true;
  while (true) {
    skip_blank(rest);
    if (take(rest, '}')) return true;
    auto& [name, value] = sample.labels.emplace_back(std::string(take_until(rest, "= \t}")), "");
    skip_blank(rest);
    if (name.empty() || !take(rest, '=')) return false;
    skip_blank(rest);
    if (!take_quoted(rest, value)) return false;
    skip_blank(rest);
    take(rest, ',');
  }
}

std::optional<double> number(std::string_view text) {
  if (text.starts_with('+')) text.remove_prefix(1);  // `+Inf`; from_chars knows inf and nan
  double value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return value;
}

std::optional<Sample> parse_line(std::string_view line) {
  skip_blank(line);
  if (line.empty() || line.front() == '#') return std::nullopt;
  Sample sample;
  sample.name = take_until(line, " \t{");
  skip_blank(line);
  if (sample.name.empty() || !take_labels(line, sample)) return std::nullopt;
  skip_blank(line);
  const auto value = number(take_until(line, kBlank));  // a timestamp may follow
  if (!value) return std::nullopt;
  sample.value = *value;
  return sample;
}

}  // namespace

std::string_view Sample::label(std::string_view wanted) const {
  const auto found = std::find_if(labels.begin(), labels.end(),
                                  [&](const auto& label) { return label.first == wanted; });
  return found == labels.end() ? std::string_view() : found->second;
}

Exposition Exposition::parse(std::string_view text) {
  Exposition out;
  while (!text.empty()) {
    if (auto sample = parse_line(take_until(text, "\n"))) {
      out.samples_.push_back(std::move(*sample));
    }
    take(text, '\n');
  }
  return out;
}

std::optional<double> Exposition::sum(std::string_view name, std::string_view label,
                                      std::string_view value) const {
  std::optional<double> out;
  for (const Sample& sample : samples_) {
    if (sample.name != name || (!label.empty() && sample.label(label) != value)) continue;
    out = out.value_or(0) + sample.value;
  }
  return out;
}

std::vector<std::string> Exposition::values(std::string_view name, std::string_view label) const {
  std::vector<std::string> out;
  for (const Sample& sample : samples_) {
    if (sample.name != name) continue;
    std::string value(sample.label(label));
    if (std::find(out.begin(), out.end(), value) == out.end()) out.push_back(std::move(value));
  }
  return out;
}

std::vector<std::pair<double, double>> Exposition::buckets(const std::string& histogram) const {
  std::map<double, double> sums;
  for (const Sample& sample : samples_) {
    if (sample.name != histogram + "_bucket") continue;
    const auto bound = number(sample.label("le"));
    if (bound && !std::isnan(*bound)) sums[*bound] += sample.value;
  }
  return {sums.begin(), sums.end()};
}

std::string Exposition::text(std::string_view name, std::string_view label) const {
  const auto all = values(name, label);
  return all.empty() ? std::string() : all.front();
}

double growth(double before, double now) { return now >= before ? now - before : now; }

double quantile(double q, const std::vector<std::pair<double, double>>& before,
                const std::vector<std::pair<double, double>>& now) {
  const bool same = before.size() == now.size() && !now.empty() &&
                    now.back().second >= before.back().second;  // else it began anew
  const auto grown = [&](std::size_t i) { return now[i].second - (same ? before[i].second : 0.0); };
  if (now.empty() || grown(now.size() - 1) <= 0) return std::numeric_limits<double>::quiet_NaN();
  const double rank = q * grown(now.size() - 1);
  for (std::size_t i = 0; i < now.size(); ++i) {
    if (grown(i) < rank) continue;
    if (std::isinf(now[i].first)) break;
    const double low = i == 0 ? 0 : now[i - 1].first;
    const double below = i == 0 ? 0 : grown(i - 1);
    const double inside = grown(i) - below;
    return low + (now[i].first - low) * (inside > 0 ? (rank - below) / inside : 1);
  }
  return std::numeric_limits<double>::infinity();
}

}  // namespace kcloud::cli
