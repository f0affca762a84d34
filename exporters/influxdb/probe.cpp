#include "exporters/influxdb/probe.h"

#include <fmt/format.h>

#include <utility>

#include "core/json.h"
#include "core/time.h"
#include "exporters/influxdb/escape.h"
#include "exporters/influxdb/response.h"

namespace kcloud::influxdb {
namespace {

using core::Delivery;
using core::ProbeStep;
using Outcome = ProbeStep::Outcome;
using http_client::Response;
using http_client::url_encode;

constexpr std::string_view kMeasurement = "kcloud_probe";

struct Answer {
  Outcome outcome;
  std::string detail;
};

Answer passed(std::string detail) { return {Outcome::kPassed, std::move(detail)}; }
Answer failed(std::string detail) { return {Outcome::kFailed, std::move(detail)}; }
Answer skipped(std::string detail) { return {Outcome::kSkipped, std::move(detail)}; }

// Why an answer that is none of success is so, in the words a delivery has for it.
std::string reason_of(const Response& response) { return judge(response, {}).reason; }

bool ok(const Response& response) { return response.status >= 200 && response.status < 300; }
bool refused(const Response& response) { return response.status == 401 || response.status == 403; }

std::string quoted(std::string_view name) {
  std::string out = "\"";
  for (const char c : name) {
    if (c == '"' || c == '\\') out += '\\';
    out += c;
  }
  return out + "\"";
}

class Steps {
 public:
  explicit Steps(const Probe& probe) : probe_(probe), config_(probe.config) {}

  std::vector<ProbeStep> run() {
    const bool v1 = config_.api == "v1";
    step("connect", [&] { return connect(); });
    step("login", [&] { return v1 ? login_v1() : login_v2(); });
    step(v1 ? "database" : "bucket",
         [&] { return place_listed(v1 ? config_.database : config_.bucket); });
    step("write", [&] { return write(); });
    step("read", [&] { return v1 ? read_v1() : read_v2(); });
    step("remove", [&] { return v1 ? remove_v1() : remove_v2(); });
    return std::move(steps_);
  }

 private:
  template <typename Ask>
  void step(const char* what, Ask ask) {
    const Answer answer = over_ ? skipped("not reached") : ask();
    over_ = over_ || answer.outcome == Outcome::kFailed;
    steps_.push_back({what, answer.outcome, answer.detail});
  }

  http_client::Request request(const std::string& path) const {
    http_client::Request request;
    request.url = config_.url + path;
    if (config_.api == "v1") {
      request.username = config_.username;
      request.password = config_.password.value;
    } else if (!config_.token.empty()) {
      request.headers.push_back({"Authorization", "Token " + config_.token.value});
    }
    return request;
  }

  Response query(const std::string& influxql) const {
    return probe_.client.post(
        request(fmt::format("/query?epoch=ns&db={}&q={}", url_encode(config_.database),
                            url_encode(influxql))),
        probe_.stop);
  }

  Response post(const std::string& path, const char* type, std::string_view body) const {
    auto asked = request(path);
    asked.headers.push_back({"Content-Type", type});
    asked.body = body;
    return probe_.client.post(asked, probe_.stop);
  }

  std::string place() const {
    return fmt::format("org={}&bucket={}", url_encode(config_.organization),
                       url_encode(config_.bucket));
  }

  Answer connect() const {
    http_client::Request ping;
    ping.url = config_.url + "/ping";
    const auto response = probe_.client.get(ping, probe_.stop);
    if (!ok(response)) return failed(reason_of(response));
    const auto version = probe_.client.header("X-Influxdb-Version");
    return passed(version.empty() ? "a server that names no version" : "InfluxDB " + version);
  }

  Answer login_v1() {
    const auto response = query("SHOW DATABASES");
    if (refused(response) || !response.answered()) return failed(reason_of(response));
    if (!ok(response))
      return skipped(fmt::format("the server answers {} to SHOW DATABASES", response.status));
    listed_ = response.body;
    return passed(config_.username.empty() ? "the server lets in without a user"
                                           : "as " + config_.username);
  }

  Answer login_v2() {
    if (config_.token.empty()) return skipped("no `token` is configured");
    const auto response = probe_.client.get(
        request(fmt::format("/api/v2/buckets?org={}&name={}", url_encode(config_.organization),
                            url_encode(config_.bucket))),
        probe_.stop);
    if (response.status == 401 || !response.answered()) return failed(reason_of(response));
    if (!ok(response))
      return skipped(fmt::format("the server answers {} to a list of buckets", response.status));
    listed_ = response.body;
    return passed("the token is valid");
  }

  // Who may only write is not shown it either.
  Answer place_listed(const std::string& place) const {
    std::string name;
    core::append_json_string(name, place);
    if (listed_.find(name) != std::string::npos) return passed(place);
    return skipped("the server does not list " + place + " for this login; the write decides");
  }

  Answer write() const {
    const std::string line =
        fmt::format("{} id=\"{}\",value=1i {}", kMeasurement, probe_.mark, probe_.nanos);
    const std::string_view lines[] = {line};
    const Delivery delivery = judge(probe_.write(line + "\n"), lines);
    if (delivery.kind != Delivery::Kind::kDelivered) return failed(delivery.reason);
    if (!delivery.rejected.empty()) return failed(delivery.rejected.front().reason);
    return passed(fmt::format("a point of {}", kMeasurement));
  }

  Answer judge_read(const Response& response) const {
    if (!response.answered()) return failed(reason_of(response));
    if (refused(response)) return skipped("this login may not read");
    if (!ok(response)) return skipped(fmt::format("the server answers {}", response.status));
    if (response.body.find(probe_.mark) != std::string::npos) return passed("the same point");
    return failed("the server took the point and does not show it");
  }

  Answer read_v1() const {
    const std::string policy =
        config_.retention_policy.empty() ? "" : quoted(config_.retention_policy) + ".";
    const auto response = query(
        fmt::format("SELECT id FROM {}{} WHERE time = {}", policy, kMeasurement, probe_.nanos));
    return judge_read(response);
  }

  Answer read_v2() const {
    std::string bucket;
    core::append_json_string(bucket, config_.bucket);
    const auto at = core::from_nanos(probe_.nanos);
    return judge_read(
        post("/api/v2/query?org=" + url_encode(config_.organization), "application/vnd.flux",
             fmt::format("from(bucket: {}) |> range(start: {}, stop: {}) |> filter(fn: (r) => "
                         "r._measurement == \"{}\" and r._field == \"id\")",
                         bucket, core::format_time(at),
                         core::format_time(at + std::chrono::seconds(1)), kMeasurement)));
  }

  Answer judge_remove(const Response& response) const {
    if (ok(response) && response.body.find("\"error\"") == std::string::npos)
      return passed("nothing is left of it");
    if (!response.answered()) return failed(reason_of(response));
    return skipped(fmt::format("{}; the point stays in {}",
                               refused(response)
                                   ? std::string("this login may not delete")
                                   : fmt::format("the server answers {}", response.status),
                               kMeasurement));
  }

  Answer remove_v1() const {
    return judge_remove(
        query(fmt::format("DELETE FROM {} WHERE time = {}", kMeasurement, probe_.nanos)));
  }

  Answer remove_v2() const {
    const auto at = core::from_nanos(probe_.nanos);
    return judge_remove(
        post("/api/v2/delete?" + place(), "application/json",
             fmt::format(R"({{"start":"{}","stop":"{}","predicate":)"
                         R"("_measurement=\"{}\""}})",
                         core::format_time(at), core::format_time(at + std::chrono::nanoseconds(1)),
                         kMeasurement)));
  }

  const Probe& probe_;
  const Config& config_;
  std::string listed_;  // databases or buckets, as the server answered
  std::vector<ProbeStep> steps_;
  bool over_ = false;
};

}  // namespace

std::vector<ProbeStep> run_probe(const Probe& probe) { return Steps(probe).run(); }

}  // namespace kcloud::influxdb
