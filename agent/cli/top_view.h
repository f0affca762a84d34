// `top`'s screen: the model as lines for a terminal of any size. Pure.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "agent/cli/styled.h"
#include "agent/cli/top_model.h"

namespace kcloud::cli {

struct Frame {
  std::size_t width = 80, height = 24;
  std::string url;
  double interval_seconds = 1;
  bool paused = false;
  bool help = false;
  bool keys = true;  // the line that tells them
};

// At most `height` lines of at most `width` columns.
std::vector<Line> render(const TopModel& model, const Frame& frame);
// One line a poll, for a pipe; the title is one too.
std::string batch_title();
std::string batch_line(const TopModel& model, core::Time now);

// `–` for NaN in all of them.
std::string count_text(double count);      // 12,345  123k  4.5M
std::string rate_text(double per_second);  // the same, and 3.2 below ten
std::string bytes_text(double bytes);      // 1.2 GiB
// 245 µs  1.2 ms  3.4 s; infinite: more than `bound`, `>5 s`
std::string seconds_text(double seconds, double bound = 0);
std::string age_text(double seconds);  // 0 s  12m 5s  4h 12m  3d 4h

// The newest values as columns of blocks on `rows` lines, the right edge is now.
std::vector<std::string> graph(const std::deque<double>& values, std::size_t width,
                               std::size_t rows, double top);

}  // namespace kcloud::cli
