#include "agent/report/chart.h"

#include <fmt/format.h>

#include <algorithm>

namespace kcloud::report {
namespace {

constexpr double kWidth = 580;
constexpr double kHeight = 170;  // of standing bars, without their labels
constexpr double kLeft = 54;     // for the numbers of the axis
constexpr double kTop = 8;
constexpr std::size_t kLabels = 6;
constexpr double kRow = 22;  // of lying bars
constexpr double kNames = 190;
constexpr double kNumbers = 80;

std::uint64_t highest(const std::vector<Bar>& bars) {
  std::uint64_t most = 1;
  for (const auto& bar : bars) most = std::max(most, bar.value);
  return most;
}

// The least of 2, 4, 6, 10, 20, 40, … that is not below: half of it is a whole number too.
std::uint64_t round_up(std::uint64_t value) {
  for (std::uint64_t power = 1;; power *= 10) {
    for (const std::uint64_t digit : {2, 4, 6, 10})
      if (digit * power >= value) return digit * power;
  }
}

void append_text(std::string& out, double x, double y, std::string_view anchor,
                 std::string_view text) {
  out += fmt::format(R"(<text x="{:.1f}" y="{:.1f}" text-anchor="{}">)", x, y, anchor);
  append_html(out, text);
  out += "</text>\n";
}

void append_bar(std::string& out, double x, double y, double width, double height, const Bar& bar) {
  out += fmt::format(R"(<rect x="{:.1f}" y="{:.1f}" width="{:.1f}" height="{:.1f}"><title>)", x, y,
                     width, height);
  append_html(out, fmt::format("{}: {}", bar.title, grouped(bar.value)));
  out += "</title></rect>\n";
}

}  // namespace

void append_html(std::string& out, std::string_view text) {
  for (const char c : text) {
    switch (c) {
      case '&':
        out += "&amp;";
        break;
      case '<':
        out += "&lt;";
        break;
      case '>':
        out += "&gt;";
        break;
      case '"':
        out += "&quot;";
        break;
      case '\'':
        out += "&#39;";
        break;
      default:
        if ((static_cast<unsigned char>(c) < 0x20 && c != '\n' && c != '\t') || c == 0x7F)
          out += "\xEF\xBF\xBD";
        else
          out.push_back(c);
    }
  }
}

std::string grouped(std::uint64_t number) {
  std::string text = std::to_string(number);
  for (std::size_t at = text.size(); at > 3;) text.insert(at -= 3, 1, ',');
  return text;
}

void append_columns(std::string& out, const std::vector<Bar>& bars) {
  if (bars.empty()) return;
  const std::uint64_t top = round_up(highest(bars));
  const double step = (kWidth - kLeft) / static_cast<double>(bars.size());
  const double bottom = kTop + kHeight;
  out += fmt::format("<svg viewBox=\"0 0 {} {}\" role=\"img\">\n", kWidth, bottom + 22);
  for (const std::uint64_t tick : {std::uint64_t{0}, top / 2, top}) {
    const double y = bottom - kHeight * static_cast<double>(tick) / static_cast<double>(top);
    out += fmt::format("<line x1=\"{}\" x2=\"{}\" y1=\"{:.1f}\" y2=\"{:.1f}\"/>\n", kLeft, kWidth,
                       y, y);
    append_text(out, kLeft - 6, y + 4, "end", grouped(tick));
  }
  const std::size_t every = (bars.size() + kLabels - 1) / kLabels;
  for (std::size_t i = 0; i < bars.size(); ++i) {
    const double x = kLeft + step * static_cast<double>(i);
    const double height = kHeight * static_cast<double>(bars[i].value) / static_cast<double>(top);
    const double width = std::min(step * 0.8, 40.0);
    if (bars[i].value > 0)
      append_bar(out, x + (step - width) / 2, bottom - height, width, height, bars[i]);
    if (i % every == 0) {
      const double middle = std::clamp(x + step / 2, kLeft + 20, kWidth - 34);
      append_text(out, middle, bottom + 16, "middle", bars[i].label);
    }
  }
  out += "</svg>\n";
}

void append_bars(std::string& out, const std::vector<Bar>& bars) {
  if (bars.empty()) return;
  const double most = static_cast<double>(highest(bars));
  out += fmt::format("<svg viewBox=\"0 0 {} {}\" role=\"img\">\n", kWidth,
                     kRow * static_cast<double>(bars.size()));
  for (std::size_t i = 0; i < bars.size(); ++i) {
    const double y = kRow * static_cast<double>(i);
    const double length = (kWidth - kNames - kNumbers) * static_cast<double>(bars[i].value) / most;
    append_text(out, kNames - 8, y + 15, "end", bars[i].label);
    append_bar(out, kNames, y + 3, std::max(length, 1.0), kRow - 7, bars[i]);
    append_text(out, kNames + length + 6, y + 15, "start", grouped(bars[i].value));
  }
  out += "</svg>\n";
}

}  // namespace kcloud::report
