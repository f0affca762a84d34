#include <fmt/format.h>

#include <chrono>
#include <random>
#include <utility>

#include "exporters/elasticsearch/exporter.h"

namespace kcloud::elasticsearch {
namespace {

using Outcome = core::ProbeStep::Outcome;
using core::ProbeStep;

ProbeStep failed(const char* what, const http_client::Response& response) {
  return {what, Outcome::kFailed, refusal(response).reason};
}

bool ok(const http_client::Response& response) {
  return response.status >= 200 && response.status < 300;
}

// No type's name begins with `_`, so it meets neither index nor template of events. The same for
// every probe: a role that may not delete it leaves one index behind, not many.
std::string probe_name(const std::string& prefix) { return prefix + "-_probe"; }

// Puts a template for indices of this name alone, and takes it away.
ProbeStep probe_right_to_put(Cluster& cluster, const std::string& name) {
  const std::string path = "/_index_template/" + name;
  const auto put = cluster.put_json(
      path,
      fmt::format(R"({{"index_patterns":["{}"],"priority":{},"template":{{}}}})", name, 1'000'000));
  if (!ok(put)) return failed("templates", put);
  const auto removed = cluster.remove(path);
  if (!ok(removed))
    return {"templates", Outcome::kFailed,
            fmt::format("{} was put and could not be deleted: {}", name, refusal(removed).reason)};
  return {"templates", Outcome::kPassed, "one was put and deleted"};
}

ProbeStep probe_templates_there(const http_client::Response& there,
                                const std::vector<IndexTemplate>& wanted) {
  if (there.status == 403)
    return {"templates", Outcome::kSkipped, "the role may not read them: " + refusal(there).reason};
  if (there.status != 200 && there.status != 404) return failed("templates", there);
  const auto found = compare(wanted, there.body);
  if (!found.missing.empty())
    return {"templates", Outcome::kFailed, missing_template(*found.missing.front())};
  return {"templates", Outcome::kPassed,
          fmt::format("all are there, {} differ from this catalogue", found.different.size())};
}

ProbeStep probe_write(Cluster& cluster, const std::string& name) {
  std::random_device random;  // an id of its own: one that is there would be no write
  const auto written = cluster.post_lines(
      "/_bulk", fmt::format("{{\"create\":{{\"_index\":\"{}\",\"_id\":\"{:08x}{:08x}\"}}}}\n"
                            "{{\"type\":\"kcloud_logger_probe\"}}\n",
                            name, random(), random()));
  const auto judged = judge(written, 1);
  if (judged.delivery.kind != core::Delivery::Kind::kDelivered)
    return {"write", Outcome::kFailed, judged.delivery.reason};
  if (!judged.delivery.rejected.empty())
    return {"write", Outcome::kFailed, judged.delivery.rejected.front().reason};
  const auto removed = cluster.remove("/" + name);
  if (ok(removed)) return {"write", Outcome::kPassed, "a document, its index deleted again"};
  // Roles that only write are right to be without that right.
  return {"write", Outcome::kPassed,
          fmt::format("a document; its index {} stays: {}", name, refusal(removed).reason)};
}

}  // namespace

std::vector<core::ProbeStep> Exporter::probe() {
  std::vector<ProbeStep> steps{{"connect"}, {"templates"}, {"write"}};
  if (auto trouble = read_version()) {
    steps[0] = {"connect", Outcome::kFailed, trouble->reason};
    for (std::size_t i = 1; i < steps.size(); ++i) steps[i].detail = "not reached";
    return steps;
  }
  steps[0] = {"connect", Outcome::kPassed, fmt::format("{} at {}", server_, cluster_.node())};
  const std::string name = probe_name(config_.prefix);
  auto wanted = event_templates_.wanted;
  if (config_.carry_seals) wanted.push_back(seal_templates_.wanted.front());
  steps[1] = config_.manage_templates ? probe_right_to_put(cluster_, name)
                                      : probe_templates_there(get_templates(), wanted);
  steps[2] = probe_write(cluster_, name);
  return steps;
}

}  // namespace kcloud::elasticsearch
