#include "agent/cli/progress.h"

#include <fmt/format.h>

#include <algorithm>

namespace kcloud::cli {
namespace {

constexpr std::size_t kWidestBar = 40;

double rate(const Progress& progress) {
  const double seconds = progress.elapsed.count();
  return seconds > 0 ? static_cast<double>(progress.done()) / seconds : 0;
}

}  // namespace

std::string progress_line(const Progress& progress, std::size_t columns) {
  std::string refused =
      progress.rejected > 0 ? fmt::format("  {} rejected", progress.rejected) : std::string();
  if (progress.goal == 0) {
    return fmt::format("{} events  {:.0f}/s{}", progress.done(), rate(progress), refused);
  }
  const double share =
      std::min(1.0, static_cast<double>(progress.done()) / static_cast<double>(progress.goal));
  std::string text = fmt::format("{:3.0f} %  {}/{}  {:.0f}/s", share * 100, progress.done(),
                                 progress.goal, rate(progress));
  if (progress.done() < progress.goal && rate(progress) > 0) {
    text += fmt::format("  {:.0f} s left",
                        static_cast<double>(progress.goal - progress.done()) / rate(progress));
  }
  text += refused;
  if (columns < text.size() + 14) return text;
  const std::size_t width = std::min(kWidestBar, columns - text.size() - 4);
  const auto full = static_cast<std::size_t>(share * static_cast<double>(width));
  std::string bar;
  for (std::size_t i = 0; i < width; ++i) bar += i < full ? "█" : "·";
  return "[" + bar + "] " + text;
}

std::string summary(const Progress& progress) {
  return fmt::format("{} accepted, {} duplicates, {} rejected in {:.1f} s ({:.0f} events/s)",
                     progress.accepted, progress.duplicates, progress.rejected,
                     progress.elapsed.count(), rate(progress));
}

}  // namespace kcloud::cli
