#include "tests/support/influxdb_server.h"

#include <fmt/format.h>
#include <signal.h>
#include <simdjson.h>

#include <fstream>
#include <stdexcept>

#include "exporters/http_client/client.h"

namespace kcloud::test_support {
namespace {

constexpr const char* kConfig = R"(
reporting-enabled = false
bind-address = "127.0.0.1:{rpc}"
[meta]
  dir = "{dir}/meta"
[data]
  dir = "{dir}/data"
  wal-dir = "{dir}/wal"
  max-series-per-database = 0
  max-values-per-tag = 0
[monitor]
  store-enabled = false
[http]
  bind-address = "127.0.0.1:{port}"
  auth-enabled = {auth}
  max-body-size = {max_body}
  log-enabled = false
[logging]
  level = "warn"
)";

std::optional<std::string> cell_text(simdjson::dom::element element) {
  if (element.is_null()) return std::nullopt;
  std::string_view text;
  if (element.get(text) == simdjson::SUCCESS) return std::string(text);
  return simdjson::to_string(element);
}

InfluxSeries read_series(simdjson::dom::element element) {
  InfluxSeries series;
  std::string_view text;
  if (element["name"].get(text) == simdjson::SUCCESS) series.name = text;
  simdjson::dom::object tags;
  if (element["tags"].get(tags) == simdjson::SUCCESS)
    for (const auto& [key, value] : tags) series.tags[std::string(key)] = *cell_text(value);
  for (const auto column : element["columns"].get_array())
    series.columns.emplace_back(std::string_view(column));
  simdjson::dom::array rows;
  if (element["values"].get(rows) != simdjson::SUCCESS) return series;
  for (const auto row : rows) {
    auto& cells = series.rows.emplace_back();
    for (const auto cell : row.get_array()) cells.push_back(cell_text(cell));
  }
  return series;
}

}  // namespace

std::optional<std::string> InfluxSeries::at(std::size_t index, const std::string& column) const {
  for (std::size_t i = 0; i < columns.size(); ++i)
    if (columns[i] == column && index < rows.size()) return rows[index][i];
  return std::nullopt;
}

InfluxDbServer::InfluxDbServer(Options options) : options_(options) {
  const auto port = free_port();
  url_ = fmt::format("http://127.0.0.1:{}", port);
  std::ofstream(directory_.path() + "/influxdb.conf")
      << fmt::format(fmt::runtime(kConfig), fmt::arg("rpc", free_port()), fmt::arg("port", port),
                     fmt::arg("dir", directory_.path()), fmt::arg("auth", options.auth),
                     fmt::arg("max_body", options.max_body_bytes));
  start();
  if (options.auth) query("", "CREATE USER admin WITH PASSWORD 'secret' WITH ALL PRIVILEGES");
}

void InfluxDbServer::start() {
  process_ = std::make_unique<ServerProcess>(
      std::vector<std::string>{"influxd", "run", "-config", directory_.path() + "/influxdb.conf"},
      directory_.path() + "/influxdb.log");
  http_client::Client client({});
  const bool up = eventually([&] {
    http_client::Request ping;
    ping.url = url_ + "/ping";
    return !process_->running() || client.get(ping).status == 204;
  });
  if (!up || !process_->running()) throw std::runtime_error("influxd did not start");
}

void InfluxDbServer::stop() { process_->end(SIGTERM); }
void InfluxDbServer::kill() { process_->end(SIGKILL); }

std::vector<InfluxSeries> InfluxDbServer::query(const std::string& database,
                                                const std::string& influxql) {
  http_client::Options client_options;
  client_options.timeout = std::chrono::seconds(60);
  client_options.max_response_bytes = 1 << 30;
  http_client::Client client(client_options);
  http_client::Request request;
  request.url = fmt::format("{}/query?epoch=ns&db={}&q={}", url_, http_client::url_encode(database),
                            http_client::url_encode(influxql));
  if (options_.auth) {
    request.username = "admin";
    request.password = "secret";
  }
  const auto response = client.post(request);
  simdjson::dom::parser parser;
  simdjson::dom::element answer;
  if (parser.parse(response.body).get(answer) != simdjson::SUCCESS)
    throw std::runtime_error(fmt::format("{} {} {}", influxql, response.status, response.error));
  if (std::string_view error; answer["error"].get(error) == simdjson::SUCCESS ||
                              answer.at_pointer("/results/0/error").get(error) == simdjson::SUCCESS)
    throw std::runtime_error(fmt::format("{}: {}", influxql, error));
  std::vector<InfluxSeries> result;
  simdjson::dom::array series;
  if (answer.at_pointer("/results/0/series").get(series) == simdjson::SUCCESS)
    for (const auto element : series) result.push_back(read_series(element));
  return result;
}

int InfluxDbServer::write(const std::string& database, const std::string& lines) {
  http_client::Client client({});
  http_client::Request request;
  request.url = fmt::format("{}/write?precision=ns&db={}", url_, http_client::url_encode(database));
  request.body = lines;
  return client.post(request).status;
}

}  // namespace kcloud::test_support
