#include "exporters/elasticsearch/exporter.h"

#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include <charconv>
#include <stdexcept>
#include <utility>

#include "core/json.h"
#include "exporters/http_client/brief.h"

namespace kcloud::elasticsearch {
namespace {

using core::Delivery;

// A template that somebody deleted is put again before a new day's indices are long without it.
constexpr std::chrono::minutes kLookAgain{10};

// Only what is looked at comes back.
constexpr const char* kBulk =
    "/_bulk?filter_path=errors,items.create.status,items.create.error.type,"
    "items.create.error.reason,items.create.error.caused_by";

constexpr int kOldestElasticsearch[] = {7, 8};  // composable index templates

bool too_old(std::string_view number) {
  int major = 0, minor = 0;
  const char* const end = number.data() + number.size();
  const auto dot = std::from_chars(number.data(), end, major).ptr;
  if (dot != end) std::from_chars(dot + 1, end, minor);
  return major < kOldestElasticsearch[0] ||
         (major == kOldestElasticsearch[0] && minor < kOldestElasticsearch[1]);
}

}  // namespace

std::string server_of(std::string_view answer) {
  const std::string number = core::json_text_at(answer, "version.number");
  if (number.empty())
    throw std::runtime_error("it answers, but not like Elasticsearch or OpenSearch (check `urls`)");
  if (core::json_text_at(answer, "version.distribution") == "opensearch")
    return "OpenSearch " + number;
  if (too_old(number))
    throw std::runtime_error(
        fmt::format("Elasticsearch {}: expected 7.8 or later", http_client::brief(number)));
  return "Elasticsearch " + number;
}

std::string missing_template(const IndexTemplate& missing) {
  return fmt::format(
      "index template {} is missing, and manage_templates is false (have it put by an agent with "
      "a role that may)",
      missing.name);
}

Exporter::Exporter(Config config, std::shared_ptr<const core::Catalogue> catalogue,
                   std::string_view agent, std::string_view agent_cluster)
    : config_(std::move(config)),
      catalogue_(std::move(catalogue)),
      event_templates_{make_templates(*catalogue_, config_), {}},
      seal_templates_{{make_seal_template(config_)}, {}},
      cluster_(config_, stop_.get_token()),
      encoder_(config_.prefix, agent_cluster),
      seal_encoder_(config_.prefix, agent, agent_cluster) {}

core::Delivery Exporter::deliver(std::span<const core::Event> events) {
  if (auto trouble = prepare(event_templates_)) return *std::move(trouble);
  payload_.clear();
  sent_.clear();
  for (std::size_t i = 0; i < events.size(); ++i) {
    if (settled_.contains(events[i].id)) continue;
    encoder_.append(events[i], payload_);
    sent_.push_back(i);
  }
  Judgement judged{Delivery::delivered(), {}};
  if (!sent_.empty()) judged = send(sent_.size());
  auto delivery = finish(events, std::move(judged));
  delivery.bytes = payload_.size();
  return delivery;
}

core::Delivery Exporter::carry_seals(std::span<const core::Seal> seals) {
  if (auto trouble = prepare(seal_templates_)) return *std::move(trouble);
  payload_.clear();
  for (const auto& seal : seals) seal_encoder_.append(seal, payload_);
  auto delivery = send(seals.size()).delivery;
  if (delivery.kind != Delivery::Kind::kDelivered) delivery.rejected.clear();
  delivery.bytes = payload_.size();
  return delivery;
}

Judgement Exporter::send(std::size_t count) {
  const auto response = cluster_.post_lines(kBulk, payload_);
  // Whatever comes back may have none.
  if (!response.answered()) event_templates_.seen = seal_templates_.seen = std::nullopt;
  return judge(response, count);
}

// From items that were sent to events of the span; what is done is remembered until all is, so that
// an attempt that went half well is not sent as a whole again.
core::Delivery Exporter::finish(std::span<const core::Event> events, Judgement judged) {
  auto& delivery = judged.delivery;
  for (auto& rejected : delivery.rejected) rejected.index = sent_[rejected.index];
  std::map<core::EventId, std::string> settled;
  if (delivery.kind == Delivery::Kind::kDelivered) {
    for (std::size_t i = 0; i < events.size() && !settled_.empty(); ++i)
      if (const auto done = settled_.extract(events[i].id); done && !done.mapped().empty())
        delivery.rejected.push_back({i, done.mapped()});
  } else {
    for (const auto& event : events) settled.insert(settled_.extract(event.id));
    for (std::size_t i = 0; i < judged.settled.size(); ++i)
      if (judged.settled[i]) settled.emplace(events[sent_[i]].id, "");
    for (auto& rejected : delivery.rejected)
      settled[events[rejected.index].id] = std::move(rejected.reason);
    delivery.rejected.clear();
  }
  settled_.swap(settled);
  return std::move(delivery);
}

std::optional<core::Delivery> Exporter::prepare(Templates& templates) {
  if (server_.empty())
    if (auto trouble = read_version()) return trouble;
  const auto now = std::chrono::steady_clock::now();
  if (templates.seen && now - *templates.seen < kLookAgain) return std::nullopt;
  if (auto trouble = put_templates(templates.wanted)) return trouble;
  templates.seen = now;
  return std::nullopt;
}

std::optional<core::Delivery> Exporter::read_version() {
  const auto response = cluster_.get("/");
  // A role may write and yet not ask for the version.
  if (response.status == 403) {
    server_ = "unknown";
    return std::nullopt;
  }
  if (response.status != 200) return refusal(response);
  try {
    server_ = server_of(response.body);
  } catch (const std::runtime_error& error) {
    return Delivery::hold(fmt::format("{}: {}", cluster_.node(), error.what()));
  }
  spdlog::info("elasticsearch: {} is {}", cluster_.node(), server_);
  return std::nullopt;
}

http_client::Response Exporter::get_templates() {
  return cluster_.get(
      fmt::format("/_index_template/{}-*?filter_path=index_templates.name,"
                  "index_templates.index_template._meta",
                  config_.prefix));
}

std::optional<core::Delivery> Exporter::put_templates(const std::vector<IndexTemplate>& wanted) {
  const auto there = get_templates();
  if (there.status == 403 && !config_.manage_templates) return std::nullopt;
  if (there.status != 200 && there.status != 404) return refusal(there);
  auto found = compare(wanted, there.body);
  if (!config_.manage_templates) {
    if (found.missing.empty()) return std::nullopt;
    return Delivery::hold(missing_template(*found.missing.front()));
  }
  found.missing.insert(found.missing.end(), found.different.begin(), found.different.end());
  for (const auto* one : found.missing) {
    const auto response = cluster_.put_json("/_index_template/" + one->name, one->body);
    if (response.status == 200) continue;
    auto trouble = refusal(response);
    trouble.reason = fmt::format("index template {}: {}", one->name, trouble.reason);
    return trouble;
  }
  if (!found.missing.empty())
    spdlog::info("elasticsearch: put {} index templates, {}-*", found.missing.size(),
                 config_.prefix);
  return std::nullopt;
}

}  // namespace kcloud::elasticsearch
