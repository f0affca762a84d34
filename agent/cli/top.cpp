#include "agent/cli/top.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <stdexcept>

#include "agent/cli/interrupt.h"
#include "agent/cli/poller.h"
#include "agent/cli/terminal.h"
#include "agent/cli/top_view.h"

namespace kcloud::cli {
namespace {

using std::chrono::milliseconds;
using std::chrono::steady_clock;
constexpr std::array kIntervals = {
    milliseconds(100),    milliseconds(200),    milliseconds(500),
    milliseconds(1'000),  milliseconds(2'000),  milliseconds(5'000),
    milliseconds(10'000), milliseconds(30'000), milliseconds(60'000)};
constexpr std::size_t kPipeWidth = 120;

bool colours_wanted() {
  const char* no_colour = std::getenv("NO_COLOR");
  return no_colour == nullptr || *no_colour == '\0';  // no-color.org
}

class Screen {
 public:
  Screen(const TopOptions& options, milliseconds interval)
      : interval_(interval), poller_(Questions(options.agent), interval) {
    frame_.url = options.agent.url;
  }

  void run() {
    while (draw()) {
      const Terminal::Input input = terminal_.wait(poller_.fd());
      if (input.ended || !press(input.keys)) return;
      anew_ = anew_ || input.resized;
      if (!input.woken) continue;
      for (const Poll& poll : poller_.take()) state_.add(poll);
      if (!frame_.paused) shown_ = state_.model();
    }
  }

 private:
  // False: quit.
  bool press(const std::string& keys) {
    for (const char key : keys) {
      if (key == 'q' || key == 'Q') return false;
      if (key == 'p' || key == ' ') {
        frame_.paused = !frame_.paused;
        shown_ = state_.model();
      }
      if (key == 'h' || key == '?') frame_.help = !frame_.help;
      if (key == '\x1b') frame_.help = false;
      if (key == '+' || key == '=') change_interval(true);
      if (key == '-') change_interval(false);
      if (key == '\f') anew_ = true;  // Ctrl-L
    }
    return true;
  }

  void change_interval(bool longer) {
    const auto next = std::upper_bound(kIntervals.begin(), kIntervals.end(), interval_);
    const auto same = std::lower_bound(kIntervals.begin(), kIntervals.end(), interval_);
    if (longer && next != kIntervals.end()) interval_ = *next;
    if (!longer && same != kIntervals.begin()) interval_ = *(same - 1);
    poller_.set_interval(interval_);
  }

  bool draw() {
    const Terminal::Size size = terminal_.size();
    frame_.width = size.width;
    frame_.height = size.height;
    frame_.interval_seconds = std::chrono::duration<double>(interval_).count();
    std::string bytes = anew_ ? "\x1b[2J\x1b[H" : "\x1b[H";
    anew_ = false;
    const std::vector<Line> lines = render(shown_, frame_);
    for (std::size_t i = 0; i < lines.size(); ++i) {
      if (i > 0) bytes += "\r\n";
      bytes += to_terminal(lines[i], colours_);
      // In the last column the cursor stands on what was written there.
      if (display_width(lines[i]) < frame_.width) bytes += "\x1b[K";
    }
    return terminal_.write(bytes + "\x1b[J");
  }

  Terminal terminal_;  // first: it blocks the signals before there is another thread
  milliseconds interval_;
  Poller poller_;
  TopState state_;
  TopModel shown_ = state_.model();
  Frame frame_;
  bool colours_ = colours_wanted();
  bool anew_ = false;
};

bool print_line(const std::string& line) {
  return std::fprintf(stdout, "%s\n", line.c_str()) >= 0 && std::fflush(stdout) == 0;
}

int once(const TopOptions& options, milliseconds interval) {
  const Interrupt interrupt;
  Questions questions(options.agent);
  TopState state;
  state.add(questions.ask(interrupt.token()));
  if (state.model().connected) {
    if (!wait_until(steady_clock::now() + interval, interrupt.token())) return 0;
    state.add(questions.ask(interrupt.token()));
  }
  if (!state.model().connected) {
    fmt::print(
        stderr,
        "top: no figures from {} ({}). Hint: start an agent with `make run`, or name another "
        "with --url\n",
        options.agent.url, state.model().error);
    return 1;
  }
  const bool terminal = isatty(STDOUT_FILENO) == 1;
  Frame frame;
  frame.width = terminal ? terminal_size().width : kPipeWidth;
  frame.height = std::string::npos;
  frame.url = options.agent.url;
  frame.keys = false;
  for (const Line& line : render(state.model(), frame)) {
    print_line(to_terminal(line, terminal && colours_wanted()));
  }
  return 0;
}

int batch(const TopOptions& options, milliseconds interval) {
  std::signal(SIGPIPE, SIG_IGN);  // a reader that has enough is an end like any other
  const Interrupt interrupt;
  Questions questions(options.agent);
  TopState state;
  auto due = steady_clock::now();
  bool open = print_line(batch_title());
  for (bool first = true; open && !interrupt.token().stop_requested(); first = false) {
    const Poll poll = questions.ask(interrupt.token());
    if (interrupt.token().stop_requested()) break;
    state.add(poll);
    // The first answer has no rates yet.
    if (!first || !state.model().connected) open = print_line(batch_line(state.model(), poll.wall));
    due = std::max(due + interval, steady_clock::now());
    wait_until(due, interrupt.token());
  }
  return 0;
}

}  // namespace

int top(const TopOptions& options) {
  const auto interval = core::parse_duration(options.interval);
  if (!interval || *interval < kIntervals.front() || *interval > std::chrono::hours(1)) {
    fmt::print(stderr, "top: --interval is '{}', expected a duration from 100ms to 1h\n",
               options.interval);
    return 2;
  }
  const auto pause = std::chrono::duration_cast<milliseconds>(*interval);
  if (options.once) return once(options, pause);
  if (options.batch || isatty(STDOUT_FILENO) != 1 || isatty(STDIN_FILENO) != 1) {
    return batch(options, pause);
  }
  try {
    Screen(options, pause).run();
  } catch (const std::runtime_error& error) {
    fmt::print(stderr, "top: {}\n", error.what());
    return 2;
  }
  return 0;
}

}  // namespace kcloud::cli
