#include "exporters/forward/exporter.h"

#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include <fstream>
#include <iterator>

#include "core/forwarded.h"
#include "exporters/forward/response.h"

namespace kcloud::forward {
namespace {

constexpr std::chrono::minutes kLoopsSaidEvery{1};
constexpr std::size_t kMostAnswerBytes = 8 << 20;
constexpr std::size_t kMostTokenBytes = 64 << 10;

http_client::Options client_options(const Config& config) {
  http_client::Options options;
  options.connect_timeout = config.connect_timeout;
  options.timeout = config.timeout;
  options.ca_file = config.ca_file;
  options.certificate_file = config.certificate_file;
  options.key_file = config.key_file;
  options.verify_tls = config.tls_verify == "full";
  options.max_response_bytes = kMostAnswerBytes;
  return options;
}

// The file's first line.
std::string read_token(const std::string& path) {
  std::ifstream file(path);
  std::string token;
  std::getline(file, token);
  while (!token.empty() && (token.back() == '\r' || token.back() == ' ')) token.pop_back();
  if (token.empty() || token.size() > kMostTokenBytes)
    throw core::Held(fmt::format("token_file {} holds no token in its first line", path));
  return token;
}

}  // namespace

Exporter::Exporter(Config config, std::string self)
    : config_(std::move(config)),
      self_(std::move(self)),
      encoder_(self_),
      failover_(config_.upstreams.size(), config_.failback) {
  for (std::size_t i = 0; i < config_.upstreams.size(); ++i)
    clients_.emplace_back(client_options(config_));
}

http_client::Request Exporter::request_to(const std::string& upstream) const {
  http_client::Request request;
  request.url = upstream + std::string(core::kForwardPath);
  request.headers.push_back({"Content-Type", "application/x-ndjson"});
  const std::string token =
      config_.token_file.empty() ? config_.token.value : read_token(config_.token_file);
  if (!token.empty()) request.headers.push_back({"Authorization", "Bearer " + token});
  return request;
}

core::Delivery Exporter::deliver(std::span<const core::Event> events) {
  const std::size_t chosen = failover_.pick(Failover::Time::clock::now());
  const std::string& upstream = config_.upstreams[chosen];
  upstream_ = chosen;
  auto request = request_to(upstream);
  payload_.clear();
  for (const auto& event : events) encoder_.append(event, payload_);
  request.body = payload_;
  if (config_.compression == "gzip") {
    request.headers.push_back({"Content-Encoding", "gzip"});
    gzip_.compress(payload_, compressed_);
    request.body = compressed_;
  }
  const auto response = clients_[chosen].post(request, stop_.get_token());
  auto judgement = judge(response, events.size(), self_);
  core::Delivery& delivery = judgement.delivery;
  delivery.bytes = payload_.size();
  if (!delivery.reason.empty() && response.answered())
    delivery.reason = fmt::format("{}: {}", upstream, delivery.reason);
  if (judgement.loops != 0) note_loops(judgement.loops, upstream);
  if (!judgement.other_upstream) {
    failover_.succeeded();
  } else if (const bool another = failover_.failed(Failover::Time::clock::now());
             config_.upstreams.size() > 1) {
    note_failover(upstream, config_.upstreams[failover_.current()], delivery.reason);
    if (another) delivery.delay = std::chrono::milliseconds(0);
  }
  return std::move(delivery);
}

std::vector<core::ProbeStep> Exporter::probe() {
  std::vector<core::ProbeStep> steps;
  for (std::size_t i = 0; i < clients_.size(); ++i) {
    const std::string& upstream = config_.upstreams[i];
    const auto response = clients_[i].post(request_to(upstream), stop_.get_token());
    for (auto& step : judge_probe(response, upstream, self_)) steps.push_back(std::move(step));
  }
  return steps;
}

std::vector<core::Measure> Exporter::measures() const {
  using Kind = core::Measure::Kind;
  return {{"loops_total", "Events that an upstream refused as it had them before this agent",
           Kind::kCounter, static_cast<double>(loops_)},
          {"failovers_total", "Changes to the next upstream", Kind::kCounter,
           static_cast<double>(failovers_)},
          {"upstream", "The upstream in use, counted from 1", Kind::kGauge,
           static_cast<double>(upstream_ + 1)}};
}

void Exporter::note_loops(std::uint64_t loops, std::string_view upstream) {
  loops_ += loops;
  const auto now = Failover::Time::clock::now();
  if (loops_said_ && now - *loops_said_ < kLoopsSaidEvery) return;
  loops_said_ = now;
  spdlog::warn(
      "{} had {} events before this agent forwarded them to it: agents forward in a circle; "
      "nothing is lost, but the way back is of no use",
      upstream, loops_.load());
}

void Exporter::note_failover(const std::string& from, const std::string& to,
                             const std::string& why) {
  ++failovers_;
  spdlog::warn("{}; forwarding to {} instead of {}", why, to, from);
}

}  // namespace kcloud::forward
