#include "exporters/influxdb/exporter.h"

#include <fmt/format.h>

#include <random>

#include "core/time.h"
#include "exporters/influxdb/probe.h"
#include "exporters/influxdb/response.h"

namespace kcloud::influxdb {
namespace {

std::map<std::string, std::string> joined_tags(const Config& config,
                                               const std::map<std::string, std::string>& agent) {
  auto tags = config.tags;
  tags.insert(agent.begin(), agent.end());
  return tags;
}

http_client::Options client_options(const Config& config) {
  http_client::Options options;
  options.connect_timeout = config.connect_timeout;
  options.timeout = config.timeout;
  options.ca_file = config.ca_file;
  options.verify_tls = config.tls_verify == "full";
  return options;
}

http_client::Request make_request(const Config& config) {
  using http_client::url_encode;
  http_client::Request request;
  request.headers.push_back({"Content-Type", "text/plain; charset=utf-8"});
  if (config.compression == "gzip") request.headers.push_back({"Content-Encoding", "gzip"});
  if (config.api == "v1") {
    request.url =
        fmt::format("{}/write?db={}&precision=ns", config.url, url_encode(config.database));
    if (!config.retention_policy.empty())
      request.url += "&rp=" + url_encode(config.retention_policy);
    request.username = config.username;
    request.password = config.password.value;
  } else {
    request.url = fmt::format("{}/api/v2/write?org={}&bucket={}&precision=ns", config.url,
                              url_encode(config.organization), url_encode(config.bucket));
    if (!config.token.empty())
      request.headers.push_back({"Authorization", "Token " + config.token.value});
  }
  return request;
}

}  // namespace

Exporter::Exporter(Config config, const std::map<std::string, std::string>& agent_tags)
    : config_(std::move(config)),
      client_(client_options(config_)),
      encoder_(joined_tags(config_, agent_tags), config_.max_tag_values),
      seal_encoder_(joined_tags(config_, agent_tags)),
      request_(make_request(config_)) {}

http_client::Response Exporter::send(std::string_view lines) {
  request_.body = lines;
  if (config_.compression == "gzip") {
    gzip_.compress(lines, compressed_);
    request_.body = compressed_;
  }
  return client_.post(request_, stop_.get_token());
}

core::Delivery Exporter::deliver(std::span<const core::Event> events) {
  payload_.clear();
  ends_.clear();
  std::uint64_t adjusted = 0;
  for (const auto& event : events) {
    adjusted += encoder_.append(event, payload_);
    ends_.push_back(payload_.size() - 1);
  }
  auto delivery = send_payload();
  delivery.adjusted = adjusted;
  return delivery;
}

core::Delivery Exporter::carry_seals(std::span<const core::Seal> seals) {
  payload_.clear();
  ends_.clear();
  for (const auto& seal : seals) {
    seal_encoder_.append(seal, payload_);
    ends_.push_back(payload_.size() - 1);
  }
  return send_payload();
}

core::Delivery Exporter::send_payload() {
  const auto response = send(payload_);
  std::vector<std::string_view> lines;
  lines.reserve(ends_.size());
  std::size_t start = 0;
  for (const std::size_t end : ends_) {
    lines.push_back(std::string_view(payload_).substr(start, end - start));
    start = end + 1;
  }
  core::Delivery delivery = judge(response, lines);
  delivery.bytes = payload_.size();
  return delivery;
}

std::vector<core::ProbeStep> Exporter::probe() {
  std::random_device random;
  return run_probe({config_, client_, [this](std::string_view line) { return send(line); },
                    stop_.get_token(), fmt::format("probe{:08x}{:08x}", random(), random()),
                    core::to_nanos(core::SystemClock().now())});
}

}  // namespace kcloud::influxdb
