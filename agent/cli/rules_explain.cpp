#include "agent/cli/rules_explain.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstdio>
#include <vector>

#include "agent/cli/styled.h"
#include "core/json.h"

namespace kcloud::cli {
namespace {

using core::json_items;
using core::json_text_at;

constexpr std::string_view kRole = "read";

std::string labels_text(std::string_view json) {
  std::string out;
  for (const auto& [name, value] : core::json_members(json))
    out += fmt::format("{}{}={}", out.empty() ? "" : ", ", name, value);
  return out.empty() ? "-" : out;
}

void append_why(std::string& out, std::string_view alert) {
  const auto parts = json_items(json_text_at(alert, {"why"}));
  if (parts.empty()) return;
  std::size_t wide = 0;
  for (const auto& part : parts) wide = std::max(wide, display_width(json_text_at(part, {"text"})));
  out += "why\n";
  for (const auto& part : parts) {
    const auto missing = json_text_at(part, {"missing"});
    out += fmt::format("  {}  {}\n", pad(json_text_at(part, {"text"}), wide),
                       missing.empty() ? json_text_at(part, {"value"}) : "missing: " + missing);
  }
}

std::vector<std::string> find(const std::string& alerts, const std::string& wanted) {
  std::vector<std::string> found;
  for (const auto& alert : json_items(json_text_at(alerts, {"alerts"}))) {
    const auto fingerprint = json_text_at(alert, {"fingerprint"});
    if (fingerprint.starts_with(wanted) || json_text_at(alert, {"rule"}) == wanted)
      found.push_back(fingerprint);
  }
  return found;
}

}  // namespace

std::string explain_text(const std::string& answer) {
  const auto alert = json_text_at(answer, {"alert"});
  const auto text = [&](const char* key) { return json_text_at(alert, {key}); };
  std::string out = fmt::format("{} ({}), {}\n", text("rule"), text("fingerprint"), text("state"));
  const auto line = [&](std::string_view name, const std::string& value) {
    if (!value.empty()) out += fmt::format("{:<13} {}\n", name, value);
  };
  line("rule file", fmt::format("{}, group {}", text("rule_file"), text("rule_group")));
  line("for", labels_text(text("by")));
  line("labels", labels_text(text("labels")));
  for (const auto& [name, value] : core::json_members(text("annotations"))) line(name, value);
  line("active since", text("active_since"));
  line("fires since", text("starts_at"));
  line("ended", text("ends_at"));
  line("value", text("value"));
  if (const auto ids = json_items(text("silenced_by")); !ids.empty())
    line("silenced by", fmt::format("{}", fmt::join(ids, ", ")));
  append_why(out, alert);
  const auto events = json_items(json_text_at(answer, {"events"}));
  if (!events.empty()) out += "evidence\n";
  for (const auto& event : events)
    out += fmt::format("  {}  {}  {}  {}\n", json_text_at(event, {"time"}),
                       json_text_at(event, {"type"}), json_text_at(event, {"workload"}),
                       json_text_at(event, {"id"}));
  const auto transitions = json_items(json_text_at(answer, {"transitions"}));
  if (!transitions.empty()) out += "history\n";
  for (const auto& one : transitions)
    out += fmt::format("  {}  {:<8}  {}\n", json_text_at(one, {"timestamp"}),
                       json_text_at(one, {"state"}), json_text_at(one, {"reason"}));
  return out;
}

int explain(const ExplainOptions& options) {
  http_client::Client client(options_of(options.agent));
  const auto get = [&](const std::string& path) {
    return client.get({base_url(options.agent) + path, headers_of(options.agent), {}, {}, {}});
  };
  const auto active = get("/alerts/active");
  if (const int code = refused(active, kRole)) return code;
  auto found = find(active.body, options.fingerprint);
  if (found.size() > 1) {
    fmt::print(stderr, "{} alerts are called `{}`; name one of:\n", found.size(),
               options.fingerprint);
    for (const auto& one : found) fmt::print(stderr, "  {}\n", one);
    return 1;
  }
  if (found.empty()) found.push_back(options.fingerprint);
  const auto answer = get("/alerts/" + http_client::url_encode(found.front()));
  if (answer.status == 404) {
    fmt::print(stderr, "{}\n", json_text_at(answer.body, {"detail"}));
    return 1;
  }
  if (const int code = refused(answer, kRole)) return code;
  fmt::print("{}", options.json ? answer.body : explain_text(answer.body));
  return 0;
}

}  // namespace kcloud::cli
