// A real OpenSearch (one node, no plugins) on a free loopback port with a temporary directory, and
// requests of the test's own. Fetched by tools/fetch-opensearch.sh.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "exporters/http_client/client.h"
#include "tests/support/environment.h"
#include "tests/support/server_process.h"

namespace kcloud::test_support {

class OpenSearchServer {
 public:
  // Whether it was fetched; without, nothing can be started.
  static bool available();

  // Starts and waits until it answers, some seconds. `settings`: `name=value`, as in its file.
  // Throws std::runtime_error when it does not.
  explicit OpenSearchServer(std::vector<std::string> settings = {});

  std::uint16_t port() const { return port_; }
  std::string url() const;

  // Bodies of the answers. Throw std::runtime_error for an answer that is none, or no 2xx.
  std::string get(const std::string& path);
  std::string put(const std::string& path, std::string_view json);
  std::string search(const std::string& indices, std::string_view json);  // everything written
  void remove(const std::string& path);

  void stop();
  void kill();
  void start();  // again, same port and data
  void pause();  // takes connections, answers none
  void resume();

 private:
  http_client::Request request(const std::string& path, std::string_view json = {}) const;

  TemporaryDirectory directory_;
  std::uint16_t port_;
  std::vector<std::string> settings_;
  http_client::Client client_;
  std::unique_ptr<ServerProcess> process_;
};

}  // namespace kcloud::test_support
