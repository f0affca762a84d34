#include "tests/support/victoria_metrics_server.h"

#include <fmt/format.h>

#include <stdexcept>

#include "exporters/http_client/client.h"

namespace kcloud::test_support {

VictoriaMetricsServer::VictoriaMetricsServer() {
  const std::string address = fmt::format("127.0.0.1:{}", free_port());
  url_ = "http://" + address;
  process_ = std::make_unique<ServerProcess>(
      std::vector<std::string>{"victoria-metrics",
                               "-storageDataPath=" + directory_.path() + "/data",
                               "-httpListenAddr=" + address, "-retentionPeriod=100y"},
      directory_.path() + "/server.log");
  http_client::Client client({});
  const bool up = eventually([&] {
    http_client::Request health;
    health.url = url_ + "/health";
    return !process_->running() || client.get(health).status == 200;
  });
  if (!up || !process_->running()) throw std::runtime_error("victoria-metrics did not start");
}

std::string VictoriaMetricsServer::export_all(const std::string& selector) {
  http_client::Client client({});
  http_client::Request request;
  request.url = url_ + "/internal/force_flush";
  client.get(request);
  request.url =
      fmt::format("{}/api/v1/export?start=0&match[]={}", url_, http_client::url_encode(selector));
  return client.get(request).body;
}

}  // namespace kcloud::test_support
