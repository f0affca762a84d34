#include "exporters/elasticsearch/cluster.h"

#include <utility>

namespace kcloud::elasticsearch {
namespace {

// An answer has about 300 bytes an item that was not stored.
constexpr std::size_t kMostResponseBytes = 32 << 20;

http_client::Options client_options(const Config& config) {
  http_client::Options options;
  options.connect_timeout = config.connect_timeout;
  options.timeout = config.timeout;
  options.ca_file = config.ca_file;
  options.verify_tls = config.tls_verify == "full";
  options.max_response_bytes = kMostResponseBytes;
  return options;
}

// The node itself, or what stands before it, is out of order: another may be well.
bool node_failed(const http_client::Response& response) {
  return !response.answered() || (response.status >= 502 && response.status <= 504);
}

}  // namespace

Cluster::Cluster(const Config& config, std::stop_token stop)
    : config_(config), stop_(std::move(stop)), client_(client_options(config)) {
  request_.username = config.username;
  request_.password = config.password.value;
}

http_client::Response Cluster::get(const std::string& path) {
  request_.headers.clear();
  return ask(path, [this](const auto& request) { return client_.get(request, stop_); });
}

http_client::Response Cluster::remove(const std::string& path) {
  request_.headers.clear();
  return ask(path, [this](const auto& request) { return client_.remove(request); });
}

http_client::Response Cluster::put_json(const std::string& path, std::string_view body) {
  request_.headers = {{"Content-Type", "application/json"}};
  request_.body = body;
  return ask(path, [this](const auto& request) { return client_.put(request, stop_); });
}

http_client::Response Cluster::post_lines(const std::string& path, std::string_view body) {
  request_.headers = {{"Content-Type", "application/x-ndjson"}};
  if (config_.compression == "gzip") {
    request_.headers.push_back({"Content-Encoding", "gzip"});
    gzip_.compress(body, compressed_);
    body = compressed_;
  }
  request_.body = body;
  return ask(path, [this](const auto& request) { return client_.post(request, stop_); });
}

const std::string& Cluster::node() const { return config_.urls[current_]; }

http_client::Response Cluster::ask(
    const std::string& path,
    const std::function<http_client::Response(const http_client::Request&)>& once) {
  if (!config_.api_key.empty())
    request_.headers.push_back({"Authorization", "ApiKey " + config_.api_key.value});
  for (std::size_t left = config_.urls.size();; --left) {
    request_.url = node() + path;
    auto response = once(request_);
    if (node_failed(response)) current_ = (current_ + 1) % config_.urls.size();
    if (response.answered() || left <= 1 || stop_.stop_requested()) return response;
  }
}

}  // namespace kcloud::elasticsearch
