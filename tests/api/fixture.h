// The whole way of a request: a server on a free port, the routes and a real journal in a temporary
// directory.
#pragma once

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <simdjson.h>

#include <filesystem>
#include <fstream>
#include <memory>
#include <sstream>

#include "agent/api/replays.h"
#include "agent/api/router.h"
#include "tests/http/client.h"

namespace kcloud::api {

using testing::Answer;
using testing::Client;
using ::testing::HasSubstr;

class ApiTest : public ::testing::Test {
 protected:
  ApiTest() {
    std::string pattern = (std::filesystem::temp_directory_path() / "kcloud-api-XXXXXX").string();
    directory = mkdtemp(pattern.data());
    config = std::make_shared<config::Config>(config::default_config({}));
    config->http.stream_heartbeat = std::chrono::milliseconds(100);
    config->audit.agent_events = false;  // they would be beside those that a test counts
  }
  ~ApiTest() override {
    stop();
    std::error_code ignored;
    std::filesystem::remove_all(directory, ignored);
  }

  void serve() {
    journal::Options options;
    options.directory = directory;
    if (journal_queue_bytes) options.queue_bytes = *journal_queue_bytes;
    journal = std::make_unique<journal::Journal>(options, clock);
    replays = std::make_unique<delivery::Replays>(
        *journal, clock, [this](const std::string& name) { return replay_sink(exporters, name); });
    router = std::make_unique<Router>(
        Context{config, [](const config::Config& c) { return config::show_config(c, {}); },
                *journal, [this] { return exporters; }, clock, ready, "0.1.0", "agent-1",
                [this] { return collectors; }, pause_collector, replays.get(), recall,
                [this] { return notifiers; }});
    http::Options server_options = api::server_options(config->http);
    server_options.listen = "127.0.0.1:0";
    server = std::make_unique<http::Server>(server_options, *router);
    router->attach(*server);
    server->start();
  }
  void stop() {
    if (server) server->stop(std::chrono::seconds(5));
    server.reset();
    router.reset();
    replays.reset();
    journal.reset();
  }

  Client client() { return Client(server->port()); }
  Answer get(std::string path, std::string fields = "") {
    return client().exchange("GET " + path + " HTTP/1.1\r\nHost: localhost\r\n" + fields + "\r\n");
  }
  Answer post(std::string path, std::string_view body,
              std::string fields = "Content-Type: application/json\r\n") {
    return client().exchange("POST " + path + " HTTP/1.1\r\nHost: localhost\r\n" + fields +
                             "Content-Length: " + std::to_string(body.size()) + "\r\n\r\n" +
                             std::string(body));
  }
  simdjson::dom::element parse(const std::string& text) { return parser.parse(text); }
  static std::string sample(const std::string& name) {
    std::ifstream file(std::string(KCLOUD_SOURCE_DIR) + "/tests/api/events/" + name + ".json");
    std::stringstream text;
    text << file.rdbuf();
    return text.str();
  }

  std::string directory;
  std::shared_ptr<config::Config> config;
  core::SystemClock clock;
  std::atomic<bool> ready{true};
  std::vector<ExporterView> exporters;
  std::vector<CollectorView> collectors;
  std::vector<alerting::NotifierView> notifiers;
  std::function<bool(const std::string&, bool)> pause_collector;
  std::function<void(const config::CollectorConfig&, core::TransportHints&)> recall;
  std::optional<std::uint64_t> journal_queue_bytes;
  std::unique_ptr<journal::Journal> journal;
  std::unique_ptr<delivery::Replays> replays;
  std::unique_ptr<Router> router;
  std::unique_ptr<http::Server> server;
  simdjson::dom::parser parser;
};

}  // namespace kcloud::api
