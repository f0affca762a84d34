// The terminal as a full screen: keys, size and signals come in, frames go out. One thread, one
// object at a time.
//
// Make it before any other thread: it blocks SIGINT, SIGTERM, SIGHUP, SIGTSTP and SIGWINCH in the
// calling thread and takes them itself. The terminal is as before when it is destroyed, while the
// process is stopped (Ctrl-Z), and when the process crashes.
#pragma once

#include <sys/types.h>

#include <cstddef>
#include <string>
#include <string_view>

namespace kcloud::cli {

class Terminal {
 public:
  struct Size {
    std::size_t width, height;
  };
  struct Input {
    std::string keys;      // what was typed, without arrows and the like
    bool resized = false;  // or came back from Ctrl-Z: draw everything anew
    bool woken = false;    // `wake_fd` can be read
    bool ended = false;    // a signal to end, or the terminal is gone
  };

  // Throws std::runtime_error when standard input or output is no terminal.
  Terminal();
  ~Terminal();
  Terminal(const Terminal&) = delete;
  Terminal& operator=(const Terminal&) = delete;

  Size size() const;
  // Blocks until something happens.
  Input wait(int wake_fd);
  // Writes all of it; false when the terminal is gone.
  bool write(std::string_view bytes) const;

 private:
  void enter() const;
  void leave() const;
  void take_signals(Input& input);

  int signals_ = -1;
};

// `typed` without the sequences that arrows and function keys send. Pure.
std::string plain_keys(std::string_view typed);

// Of standard output; 80 x 24 when it is unknown.
Terminal::Size terminal_size();

}  // namespace kcloud::cli
