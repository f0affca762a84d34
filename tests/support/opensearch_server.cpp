#include "tests/support/opensearch_server.h"

#include <fmt/format.h>
#include <signal.h>

#include <filesystem>
#include <stdexcept>
#include <utility>

namespace kcloud::test_support {
namespace {

std::string body_of(const http_client::Response& response) {
  if (response.status < 200 || response.status > 299)
    throw std::runtime_error(
        fmt::format("{} {}{}", response.status, response.error, response.body));
  return response.body;
}

http_client::Client make_client() {
  http_client::Options options;
  options.timeout = std::chrono::seconds(60);
  options.max_response_bytes = 64 << 20;
  return http_client::Client(options);
}

}  // namespace

bool OpenSearchServer::available() {
  return std::filesystem::exists(KCLOUD_SOURCE_DIR "/build/opensearch/home");
}

OpenSearchServer::OpenSearchServer(std::vector<std::string> settings)
    : port_(free_port()), settings_(std::move(settings)), client_(make_client()) {
  start();
}

void OpenSearchServer::start() {
  std::vector<std::string> command{KCLOUD_SOURCE_DIR "/tests/support/opensearch/start.sh",
                                   directory_.path(), fmt::format("127.0.0.1:{}", port_)};
  command.insert(command.end(), settings_.begin(), settings_.end());
  const std::string log = directory_.path() + "/opensearch.log";
  process_ = std::make_unique<ServerProcess>(command, log);
  const auto up = [&] {
    return client_.get(request("/_cluster/health?wait_for_status=yellow&timeout=5s")).status == 200;
  };
  eventually([&] { return !process_->running() || up(); }, std::chrono::seconds(120));
  if (!process_->running() || !up()) throw std::runtime_error("OpenSearch did not start: " + log);
}

void OpenSearchServer::stop() { process_->end(SIGTERM); }
void OpenSearchServer::kill() { process_->end(SIGKILL); }
void OpenSearchServer::pause() { process_->signal(SIGSTOP); }
void OpenSearchServer::resume() { process_->signal(SIGCONT); }

std::string OpenSearchServer::url() const { return fmt::format("http://127.0.0.1:{}", port_); }

std::string OpenSearchServer::get(const std::string& path) {
  return body_of(client_.get(request(path)));
}

std::string OpenSearchServer::put(const std::string& path, std::string_view json) {
  return body_of(client_.put(request(path, json)));
}

std::string OpenSearchServer::search(const std::string& indices, std::string_view json) {
  body_of(client_.post(request("/" + indices + "/_refresh")));
  return body_of(client_.post(request("/" + indices + "/_search", json)));
}

void OpenSearchServer::remove(const std::string& path) { body_of(client_.remove(request(path))); }

http_client::Request OpenSearchServer::request(const std::string& path,
                                               std::string_view json) const {
  http_client::Request made;
  made.url = url() + path;
  made.body = json;
  if (!json.empty()) made.headers = {{"Content-Type", "application/json"}};
  return made;
}

}  // namespace kcloud::test_support
