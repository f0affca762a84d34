#include "tests/support/alertmanager_server.h"

#include <fmt/format.h>
#include <simdjson.h>

#include <algorithm>
#include <fstream>
#include <stdexcept>

#include "exporters/http_client/client.h"

namespace kcloud::test_support {

AlertmanagerServer::AlertmanagerServer() : AlertmanagerServer(free_port()) {}

AlertmanagerServer::AlertmanagerServer(std::uint16_t port) {
  const std::string address = fmt::format("127.0.0.1:{}", port);
  url_ = "http://" + address;
  const std::string file = directory_.path() + "/alertmanager.yml";
  std::ofstream(file) << "route: {receiver: nobody}\nreceivers: [{name: nobody}]\n";
  process_ = std::make_unique<ServerProcess>(
      std::vector<std::string>{"prometheus-alertmanager", "--config.file=" + file,
                               "--storage.path=" + directory_.path() + "/data",
                               "--web.listen-address=" + address, "--cluster.listen-address="},
      directory_.path() + "/server.log");
  http_client::Client client({});
  const bool up = eventually([&] {
    http_client::Request ready;
    ready.url = url_ + "/-/ready";
    return !process_->running() || client.get(ready).status == 200;
  });
  if (!up || !process_->running())
    throw std::runtime_error("prometheus-alertmanager did not start");
}

std::string AlertmanagerServer::alerts() const {
  http_client::Client client({});
  http_client::Request request;
  request.url = url_ + "/api/v2/alerts";
  return client.get(request).body;
}

std::vector<std::string> AlertmanagerServer::firing() const {
  simdjson::dom::parser parser;
  const std::string text = alerts();
  std::vector<std::string> firing;
  for (const simdjson::dom::element alert : simdjson::dom::array(parser.parse(text))) {
    const std::string_view alertname = alert["labels"]["alertname"];
    std::string shown(alertname);
    for (const auto [name, value] : simdjson::dom::object(alert["labels"])) {
      if (name != "alertname") shown += fmt::format("|{}={}", name, std::string_view(value));
    }
    firing.push_back(fmt::format("{}|{}", shown, std::string_view(alert["startsAt"])));
  }
  std::ranges::sort(firing);
  return firing;
}

std::string AlertmanagerServer::only(const std::string& member) const {
  simdjson::dom::parser parser;
  const std::string text = alerts();
  const simdjson::dom::array all = parser.parse(text);
  if (all.size() != 1) return {};
  return std::string(std::string_view(all.at(0)[member]));
}

}  // namespace kcloud::test_support
