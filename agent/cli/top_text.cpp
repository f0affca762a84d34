// Figures as people read them.
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>

#include "agent/cli/top_view.h"

namespace kcloud::cli {
namespace {

constexpr std::string_view kNone = "–";
constexpr std::array<std::string_view, 9> kBlocks = {" ", "▁", "▂", "▃", "▄", "▅", "▆", "▇", "█"};

}  // namespace

std::string count_text(double count) {
  if (std::isnan(count)) return std::string(kNone);
  if (count < 99'999.5) return fmt::format("{}", fmt::group_digits(std::llround(count)));
  if (count < 999'500) return fmt::format("{:.0f}k", count / 1e3);
  if (count < 99.95e6) return fmt::format("{:.1f}M", count / 1e6);
  if (count < 999.5e6) return fmt::format("{:.0f}M", count / 1e6);
  return fmt::format("{:.1f}G", count / 1e9);
}

std::string rate_text(double per_second) {
  if (per_second > 0 && per_second < 9.95) return fmt::format("{:.1f}", per_second);
  return count_text(per_second);
}

std::string bytes_text(double bytes) {
  if (std::isnan(bytes)) return std::string(kNone);
  constexpr std::array kUnits = {"B", "KiB", "MiB", "GiB", "TiB"};
  std::size_t unit = 0;
  while (bytes >= 1023.5 && unit + 1 < kUnits.size()) {
    bytes /= 1024;
    ++unit;
  }
  return fmt::format("{:.{}f} {}", bytes, unit == 0 || bytes >= 99.95 ? 0 : 1, kUnits[unit]);
}

std::string seconds_text(double seconds, double bound) {
  if (std::isnan(seconds)) return std::string(kNone);
  if (std::isinf(seconds)) return fmt::format(">{:g} s", bound);
  const auto with = [](double value, const char* unit) {
    return fmt::format("{:.{}f} {}", value, value < 9.95 ? 1 : 0, unit);
  };
  if (seconds < 999.5e-6) return with(seconds * 1e6, "µs");
  if (seconds < 0.9995) return with(seconds * 1e3, "ms");
  return with(seconds, "s");
}

std::string age_text(double seconds) {
  if (std::isnan(seconds)) return std::string(kNone);
  const auto whole = static_cast<std::int64_t>(seconds);
  if (whole < 60) return fmt::format("{} s", whole);
  if (whole < 3600) return fmt::format("{}m {}s", whole / 60, whole % 60);
  if (whole < 86400) return fmt::format("{}h {}m", whole / 3600, whole / 60 % 60);
  return fmt::format("{}d {}h", whole / 86400, whole / 3600 % 24);
}

std::vector<std::string> graph(const std::deque<double>& values, std::size_t width,
                               std::size_t rows, double top) {
  const std::size_t shown = std::min(width, values.size());
  std::vector<std::string> lines(rows, std::string(width - shown, ' '));
  for (std::size_t i = values.size() - shown; i < values.size(); ++i) {
    const double share = top > 0 && !std::isnan(values[i]) ? values[i] / top : 0;
    // In eighths of a line; what is more than nothing shows.
    auto eighths = static_cast<std::size_t>(
        std::ceil(std::clamp(share, 0.0, 1.0) * 8 * static_cast<double>(rows) - 1e-9));
    for (std::size_t row = rows; row-- > 0;) {
      lines[row] += kBlocks[std::min<std::size_t>(8, eighths)];
      eighths -= std::min<std::size_t>(8, eighths);
    }
  }
  return lines;
}

std::string batch_title() {
  return "time                  state      received/s  stored/s  duplicates/s  rejected/s  busy/s"
         "   ack p50   ack p99  commits/s  dead letters   lag events";
}

std::string batch_line(const TopModel& model, core::Time now) {
  const std::string time = core::format_time(std::chrono::floor<std::chrono::seconds>(now));
  if (!model.connected) return fmt::format("{}  no answer: {}", time, model.error);
  double received = 0, duplicates = 0, rejected = 0, busy = 0, lag = 0;
  for (const CollectorRow& row : model.collectors) {
    received += row.received;
    duplicates += row.duplicates;
    rejected += row.rejected + row.conflicts;
    busy += row.busy;
  }
  for (const SinkRow& sink : model.sinks) lag = std::max(lag, sink.lag_events);
  const auto right = [](const std::string& text, std::size_t width) {
    return pad(text, width, true);
  };
  return fmt::format("{}  {} {} {} {} {} {} {} {} {} {} {}", time, pad(model.status, 10),
                     right(rate_text(received), 10), right(rate_text(model.stored_rate), 9),
                     right(rate_text(duplicates), 13), right(rate_text(rejected), 11),
                     right(rate_text(busy), 7),
                     right(seconds_text(model.ack_p50, model.ack_bound), 9),
                     right(seconds_text(model.ack_p99, model.ack_bound), 9),
                     right(rate_text(model.commit_rate), 10),
                     right(count_text(model.dead_letters), 13), right(count_text(lag), 12));
}

}  // namespace kcloud::cli
