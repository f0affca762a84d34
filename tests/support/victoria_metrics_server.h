// A real VictoriaMetrics (single node) on a free loopback port: serves /api/v2/write.
#pragma once

#include <memory>
#include <string>

#include "tests/support/environment.h"
#include "tests/support/server_process.h"

namespace kcloud::test_support {

class VictoriaMetricsServer {
 public:
  VictoriaMetricsServer();  // waits until it answers; throws std::runtime_error when it does not

  const std::string& url() const { return url_; }
  // What was written so far, as JSON lines (`{"metric":{…},"values":[…],"timestamps":[…]}`).
  std::string export_all(const std::string& selector);

 private:
  TemporaryDirectory directory_;
  std::string url_;
  std::unique_ptr<ServerProcess> process_;
};

}  // namespace kcloud::test_support
