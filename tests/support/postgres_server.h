// A real PostgreSQL server on a free loopback port with a temporary cluster, and SQL for the test's
// own questions. As root it runs as `postgres`, as it refuses root.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "tests/support/environment.h"
#include "tests/support/server_process.h"

namespace kcloud::test_support {

class PostgresServer {
 public:
  PostgresServer();  // starts and waits until it answers
  ~PostgresServer();

  std::uint16_t port() const { return port_; }
  std::string url(const std::string& user = "postgres", std::uint16_t port = 0) const;

  // The rows' values joined by `|`, rows by a newline. Throws std::runtime_error with the SQLSTATE
  // in front of the server's error.
  std::string query(const std::string& sql, const std::string& user = "postgres") const;

  void start();
  void stop();  // connections are cut
  void kill();

 private:
  std::vector<std::string> command(std::vector<std::string> words) const;

  TemporaryDirectory directory_;
  std::uint16_t port_;
  std::unique_ptr<ServerProcess> process_;
};

}  // namespace kcloud::test_support
