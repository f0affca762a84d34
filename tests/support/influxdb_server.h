// A real InfluxDB 1.x (`influxd`) on a free loopback port with a temporary directory.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "tests/support/environment.h"
#include "tests/support/server_process.h"

namespace kcloud::test_support {

// One series of an InfluxQL answer. Cells are the text of their JSON value; null is nullopt.
struct InfluxSeries {
  std::string name;
  std::map<std::string, std::string> tags;
  std::vector<std::string> columns;
  std::vector<std::vector<std::optional<std::string>>> rows;

  // The cell of `column` in row `index`; nullopt when null or not there.
  std::optional<std::string> at(std::size_t index, const std::string& column) const;
};

class InfluxDbServer {
 public:
  struct Options {
    bool auth = false;  // with an administrator `admin` / `secret`
    std::uint64_t max_body_bytes = 25'000'000;
  };

  // Starts and waits until it answers. Throws std::runtime_error when it does not.
  explicit InfluxDbServer(Options options);
  InfluxDbServer() : InfluxDbServer(Options{}) {}

  const std::string& url() const { return url_; }
  void create_database(const std::string& name) { query("", "CREATE DATABASE \"" + name + "\""); }
  // Times come back as epoch nanoseconds. Throws std::runtime_error with the server's error.
  std::vector<InfluxSeries> query(const std::string& database, const std::string& influxql);
  // Writes raw line protocol; returns the status.
  int write(const std::string& database, const std::string& lines);

  void stop();   // SIGTERM and wait
  void kill();   // SIGKILL and wait
  void start();  // again, same port and data

 private:
  Options options_;
  TemporaryDirectory directory_;
  std::string url_;
  std::unique_ptr<ServerProcess> process_;
};

}  // namespace kcloud::test_support
