// Requests to the nodes of one cluster: a node that cannot be reached is left for the next one.
//
// One thread. Calls block, at most for the configured time at each node; each node is tried once a
// call. Repeating is harmless, as every request of this exporter is idempotent.
#pragma once

#include <functional>
#include <stop_token>
#include <string>
#include <string_view>

#include "exporters/elasticsearch/config.h"
#include "exporters/http_client/client.h"
#include "exporters/http_client/gzip.h"

namespace kcloud::elasticsearch {

class Cluster {
 public:
  // `config` must outlive it. `stop` ends the request under way, and keeps from another node.
  Cluster(const Config& config, std::stop_token stop);

  // Paths begin with `/`.
  http_client::Response get(const std::string& path);
  http_client::Response remove(const std::string& path);
  http_client::Response put_json(const std::string& path, std::string_view body);
  // Newline-delimited JSON, compressed where the configuration says so.
  http_client::Response post_lines(const std::string& path, std::string_view body);

  const std::string& node() const;  // the URL of the node asked next

 private:
  http_client::Response ask(
      const std::string& path,
      const std::function<http_client::Response(const http_client::Request&)>& once);

  const Config& config_;
  std::stop_token stop_;
  http_client::Client client_;
  http_client::Gzip gzip_;
  http_client::Request request_;
  std::string compressed_;
  std::size_t current_ = 0;
};

}  // namespace kcloud::elasticsearch
