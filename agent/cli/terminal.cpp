#include "agent/cli/terminal.h"

#include <poll.h>
#include <sys/ioctl.h>
#include <sys/signalfd.h>
#include <termios.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <csignal>
#include <stdexcept>

namespace kcloud::cli {
namespace {

// Another screen, no cursor, no wrapping; and back.
constexpr std::string_view kEnter = "\x1b[?1049h\x1b[?25l\x1b[?7l\x1b[2J";
constexpr std::string_view kLeave = "\x1b[0m\x1b[?7h\x1b[?25h\x1b[?1049l";
constexpr std::array kCrashes = {SIGSEGV, SIGABRT, SIGBUS, SIGFPE, SIGILL};

// What the terminal was like. A signal handler can find it nowhere else.
termios before;

bool write_all(std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t written = ::write(STDOUT_FILENO, bytes.data(), bytes.size());
    if (written < 0 && (errno == EINTR || errno == EAGAIN)) continue;
    if (written <= 0) return false;
    bytes.remove_prefix(static_cast<std::size_t>(written));
  }
  return true;
}

// Only async-signal-safe calls.
extern "C" void restore_and_crash(int signal) {
  write_all(kLeave);
  tcsetattr(STDIN_FILENO, TCSANOW, &before);
  raise(signal);  // SA_RESETHAND: the usual way now
}

sigset_t watched() {
  sigset_t set;
  sigemptyset(&set);
  for (const int signal : {SIGINT, SIGTERM, SIGHUP, SIGTSTP, SIGWINCH}) sigaddset(&set, signal);
  return set;
}

void handle_crashes(bool ours) {
  struct sigaction action {};
  action.sa_handler = ours ? restore_and_crash : SIG_DFL;
  action.sa_flags = SA_RESETHAND | SA_NODEFER;
  for (const int signal : kCrashes) sigaction(signal, &action, nullptr);
}

}  // namespace

// CSI (`ESC [`, up to a byte of @…~) and SS3 (`ESC O` and one more), ECMA-48.
std::string plain_keys(std::string_view typed) {
  std::string keys;
  for (std::size_t i = 0; i < typed.size(); ++i) {
    const char next = i + 1 < typed.size() ? typed[i + 1] : '\0';
    if (typed[i] != '\x1b' || (next != '[' && next != 'O')) {
      keys += typed[i];
      continue;
    }
    i += 2;
    while (next == '[' && i < typed.size() && (typed[i] < '@' || typed[i] > '~')) ++i;
  }
  return keys;
}

Terminal::Size terminal_size() {
  winsize size{};
  if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) != 0 || size.ws_col == 0 || size.ws_row == 0) {
    return {80, 24};
  }
  return {size.ws_col, size.ws_row};
}

Terminal::Terminal() {
  if (isatty(STDOUT_FILENO) != 1 || tcgetattr(STDIN_FILENO, &before) != 0) {
    throw std::runtime_error("standard input and output are no terminal");
  }
  const sigset_t set = watched();
  pthread_sigmask(SIG_BLOCK, &set, nullptr);
  signals_ = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
  if (signals_ < 0) throw std::runtime_error("no signalfd");
  handle_crashes(true);
  enter();
}

Terminal::~Terminal() {
  leave();
  handle_crashes(false);
  close(signals_);
  const sigset_t set = watched();
  pthread_sigmask(SIG_UNBLOCK, &set, nullptr);
}

void Terminal::enter() const {
  termios raw = before;
  raw.c_lflag &= ~static_cast<tcflag_t>(ICANON | ECHO);  // ISIG stays: Ctrl-C is a signal
  raw.c_cc[VMIN] = 0;
  raw.c_cc[VTIME] = 0;
  tcsetattr(STDIN_FILENO, TCSAFLUSH, &raw);
  write_all(kEnter);
}

void Terminal::leave() const {
  write_all(kLeave);
  tcsetattr(STDIN_FILENO, TCSAFLUSH, &before);
}

Terminal::Size Terminal::size() const { return terminal_size(); }

bool Terminal::write(std::string_view bytes) const { return write_all(bytes); }

void Terminal::take_signals(Input& input) {
  signalfd_siginfo info{};
  while (read(signals_, &info, sizeof info) == sizeof info) {
    if (info.ssi_signo == SIGWINCH) {
      input.resized = true;
    } else if (info.ssi_signo == SIGTSTP) {
      leave();
      raise(SIGSTOP);
      enter();
      input.resized = true;
    } else {
      input.ended = true;
    }
  }
}

Terminal::Input Terminal::wait(int wake_fd) {
  std::array<pollfd, 3> fds = {pollfd{STDIN_FILENO, POLLIN, 0}, pollfd{signals_, POLLIN, 0},
                               pollfd{wake_fd, POLLIN, 0}};
  Input input;
  if (poll(fds.data(), fds.size(), -1) < 0) {
    input.ended = errno != EINTR;
    return input;
  }
  if ((fds[1].revents & POLLIN) != 0) take_signals(input);
  input.woken = (fds[2].revents & POLLIN) != 0;
  if (fds[0].revents != 0) {
    std::array<char, 64> typed{};
    const ssize_t count = read(STDIN_FILENO, typed.data(), typed.size());
    if (count > 0) input.keys = plain_keys({typed.data(), static_cast<std::size_t>(count)});
    // Nothing to read where there was to be something: the other end hung up.
    if (count <= 0 && !(count < 0 && errno == EINTR)) input.ended = true;
  }
  return input;
}

}  // namespace kcloud::cli
