// A real server as a child process: ends with the test, also when the test crashes.
#pragma once

#include <sys/types.h>

#include <string>
#include <vector>

namespace kcloud::test_support {

class ServerProcess {
 public:
  // Starts `command`; its output goes to the file `log`. Throws std::runtime_error when fork fails.
  ServerProcess(const std::vector<std::string>& command, const std::string& log);
  ~ServerProcess();  // SIGTERM, and SIGKILL after five seconds
  ServerProcess(const ServerProcess&) = delete;
  ServerProcess& operator=(const ServerProcess&) = delete;

  bool running();
  void signal(int number);
  // Sends `number` and waits for the end.
  void end(int number);
  pid_t id() const { return pid_; }

 private:
  pid_t pid_ = -1;  // -1 once it was reaped
};

}  // namespace kcloud::test_support
