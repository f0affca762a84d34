// A real Redis server on a free loopback port with a temporary directory, and a connection to it
// for the test's own commands.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "tests/support/environment.h"
#include "tests/support/server_process.h"

namespace kcloud::test_support {

class RedisServer {
 public:
  // Starts and waits until it answers. `options`: further ones of redis-server's command line.
  explicit RedisServer(std::vector<std::string> options = {});
  ~RedisServer();

  const std::string& address() const { return address_; }
  std::uint16_t port() const { return port_; }

  // One command; its answer as text: of an array the elements, of arrays in it theirs, one a line;
  // nil is empty. Throws std::runtime_error with the server's error.
  std::string command(const std::vector<std::string>& words);
  long long number(const std::vector<std::string>& words) { return std::stoll(command(words)); }
  // Many at once, without waiting for each answer.
  void pipeline(const std::vector<std::vector<std::string>>& commands);

  void stop();    // SIGTERM and wait
  void kill();    // SIGKILL and wait
  void freeze();  // SIGSTOP: connections stay, nothing answers
  void thaw();
  void start();  // again, same port; data as far as it was saved (`--appendonly yes`)

 private:
  struct Link;
  const std::vector<std::string> options_;
  TemporaryDirectory directory_;
  std::uint16_t port_;
  std::string address_;
  std::unique_ptr<ServerProcess> process_;
  std::unique_ptr<Link> link_;
};

}  // namespace kcloud::test_support
