// A real Prometheus Alertmanager on a free loopback port with a temporary directory; without peers.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "tests/support/environment.h"
#include "tests/support/server_process.h"

namespace kcloud::test_support {

class AlertmanagerServer {
 public:
  AlertmanagerServer();  // starts and waits until it answers; throws std::runtime_error
  explicit AlertmanagerServer(std::uint16_t port);

  const std::string& url() const { return url_; }
  // What fires there: `alertname|other labels in order|startsAt`, an alert each, sorted.
  std::vector<std::string> firing() const;
  // A member of the only alert there; empty when there is none, or not one.
  std::string only(const std::string& member) const;

 private:
  std::string alerts() const;

  TemporaryDirectory directory_;
  std::string url_;
  std::unique_ptr<ServerProcess> process_;
};

}  // namespace kcloud::test_support
