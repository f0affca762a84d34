#include "agent/cli/collectors.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstdio>

#include "core/decode.h"
#include "core/json.h"

namespace kcloud::cli {

namespace {

constexpr std::chrono::seconds kTimeout{15};  // longer than a pause may take
constexpr std::string_view kRole = "read for ls and admin for the others";
constexpr std::size_t kMaxAnswer = 4 << 20;

http_client::Client client_of(const Address& agent) {
  http_client::Options options;
  options.timeout = kTimeout;
  options.max_response_bytes = kMaxAnswer;
  return http_client::Client(options_of(agent, options));
}

}  // namespace

std::string collectors_table(const std::string& answer) {
  const auto open = answer.find('[');
  const auto close = answer.rfind(']');
  if (open == std::string::npos || close == std::string::npos) return {};
  const auto list =
      core::split_json(std::string_view(answer).substr(open, close - open + 1), false);
  std::size_t wide = 4;
  for (const auto one : list.elements) {
    wide = std::max(wide, core::json_text_at(one, "name").size());
  }
  std::string out = fmt::format("{:<{}}  {:<6}  {:<8}  {:<9}  {:>10}  {:>8}  {}\n", "name", wide,
                                "type", "phase", "connected", "stored", "rejected", "last error");
  for (const auto one : list.elements) {
    const auto text = [&](const char* key) { return core::json_text_at(one, key); };
    out += fmt::format("{:<{}}  {:<6}  {:<8}  {:<9}  {:>10}  {:>8}  {}\n", text("name"), wide,
                       text("type"), text("phase"), text("connected") == "true" ? "yes" : "no",
                       text("stored"), text("rejected"), text("last_error"));
  }
  return out;
}

int list_collectors(const CollectorsOptions& options) {
  const auto response =
      client_of(options.agent)
          .get({base_url(options.agent) + "/collectors", headers_of(options.agent), {}, {}, {}});
  if (const int code = refused(response, kRole)) return code;
  fmt::print("{}", options.json ? response.body : collectors_table(response.body));
  return 0;
}

int pause_collector(const CollectorsOptions& options, bool paused) {
  const std::string url =
      fmt::format("{}/collectors/{}/{}", base_url(options.agent),
                  http_client::url_encode(options.name), paused ? "pause" : "resume");
  const auto response = client_of(options.agent).post({url, headers_of(options.agent), {}, {}, {}});
  if (const int code = refused(response, kRole)) return code;
  fmt::print("{}: {}\n", options.name, core::json_text_at(response.body, "phase"));
  return 0;
}

}  // namespace kcloud::cli
