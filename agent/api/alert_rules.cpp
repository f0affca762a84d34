// Changes of the rules: POST and DELETE of /alerts/rules, and how posted rules would have fired.
#include <fmt/format.h>

#include <chrono>

#include "agent/alerting/alerting.h"
#include "agent/api/alert_json.h"
#include "agent/api/router.h"
#include "agent/backtest/run.h"
#include "agent/http/url.h"
#include "core/json.h"

namespace kcloud::api {
namespace {

using alerting::RuleChange;

constexpr std::chrono::days kLongestBacktest{31};
constexpr std::chrono::seconds kBacktestTime{15};  // that a request may take of the thread
constexpr std::size_t kMostAlerts = 1000;          // that an answer lists one by one
constexpr std::size_t kMostAlertBytes = 4 << 20;   // likewise

std::string untag(std::string_view text) {
  if (text == "*") return {};
  if (text.starts_with("W/")) text.remove_prefix(2);
  if (text.size() >= 2 && text.front() == '"' && text.back() == '"')
    text = text.substr(1, text.size() - 2);
  return std::string(text);
}

// What stands in a request's query string.
struct ChangeParameters {
  bool dry_run = false;
  std::optional<std::chrono::nanoseconds> backtest;
  std::string error;  // empty: none
};

ChangeParameters parse_change(const http::Parameters& parameters, bool post) {
  ChangeParameters out;
  const auto wrong = [&](const auto& parameter, std::string_view expected) {
    out.error = fmt::format("parameter `{}` is `{}`; expected {}", parameter.first,
                            parameter.second, expected);
  };
  for (const auto& parameter : parameters) {
    const auto& [name, value] = parameter;
    if (post && name == "dry_run" && (value == "true" || value == "false" || value.empty())) {
      out.dry_run = value != "false";
    } else if (post && name == "backtest") {
      out.backtest = core::parse_duration(value);
      if (!out.backtest || *out.backtest <= std::chrono::nanoseconds(0) ||
          *out.backtest > kLongestBacktest)
        wrong(parameter, "a time up to 31d, as 24h");
    } else {
      wrong(parameter, "dry_run=true or backtest=24h on a POST, and no other");
    }
    if (!out.error.empty()) return out;
  }
  if (out.backtest && !out.dry_run)
    out.error =
        "`backtest` goes with dry_run=true: rules that are put in force are not tried first";
  return out;
}

// The member `backtest` of an answer: as `rules backtest --format json` has it.
std::string backtest_member(const std::shared_ptr<const rules::RuleSet>& rules,
                            std::chrono::nanoseconds span, core::Time now, Worker& worker) {
  const auto range = backtest::range_for(*rules, now - span, now, now);
  std::string alerts;
  std::size_t listed = 0;
  std::size_t left_off = 0;
  backtest::Report report(rules, range, [&](const rules::Alert& alert) {
    if (listed == kMostAlerts || alerts.size() > kMostAlertBytes) {
      ++left_off;
      return;
    }
    ++listed;
    core::append_comma(alerts);
    backtest::append_alert_json(alerts, alert);
  });
  const auto events = backtest::journal_events(worker.reader(), rules->catalogue, range);
  const auto deadline = std::chrono::steady_clock::now() + kBacktestTime;
  backtest::run(*events, range, rules, report, [&](core::Time, std::uint64_t) {
    return !worker.stopping() && std::chrono::steady_clock::now() < deadline;
  });
  return fmt::format(R"(,"backtest":{{{},"alerts":[{}],"alerts_left_off":{}}})", report.as_json(),
                     alerts, left_off);
}

http::Response answer_of(const RuleChange& change, const alerting::View* view,
                         const std::string& tried) {
  std::string members;
  if (!change.problems.empty()) {
    members = ",\"errors\":[";
    for (const auto& problem : change.problems) {
      core::append_comma(members);
      members += fmt::format(R"({{"line":{},"column":{},"message":)", problem.line, problem.column);
      core::append_json_string(members, problem.message);
      members.push_back('}');
    }
    members.push_back(']');
  }
  switch (change.outcome) {
    case RuleChange::Outcome::kBad:
      return http::problem(422, "the rules are not taken; nothing was changed", members);
    case RuleChange::Outcome::kConflict:
      return http::problem(409, change.detail);
    case RuleChange::Outcome::kStale:
      return http::problem(412, change.detail);
    case RuleChange::Outcome::kUnknown:
      return http::problem(404, change.detail);
    case RuleChange::Outcome::kFailed:
      return http::problem(503, change.detail);
    default:
      break;
  }
  std::string body = "{";
  core::append_key(body, "outcome");
  core::append_json_string(body, change.outcome == RuleChange::Outcome::kChecked ? "checked"
                                 : change.outcome == RuleChange::Outcome::kKept  ? "kept"
                                                                                 : "done");
  core::append_key(body, "groups");
  body.push_back('[');
  for (const auto& group : change.groups) {
    core::append_comma(body);
    core::append_json_string(body, group);
  }
  body.push_back(']');
  core::append_member(body, "detail", change.detail);
  if (view != nullptr) core::append_member(body, "hash", view->set.hash);
  http::Response response;
  response.body = body + tried + "}\n";
  if (view != nullptr) http::add_header(response, "ETag", entity_tag(view->set.hash));
  return response;
}

}  // namespace

void Router::change_rules(http::Request& request, http::Reply reply, const Match& match,
                          const std::string& group, const http::Parameters& parameters) {
  const bool post = match.route->action == Action::kPostRules;
  const auto asked = parse_change(parameters, post);
  if (!asked.error.empty()) return reply.send(http::problem(400, asked.error));
  slow_query(std::move(reply), [this, post, asked, group, text = std::move(request.body),
                                wanted = untag(request.header("If-Match"))](Worker& worker) {
    alerting::Alerting& alerting = *context_.alerting;
    const auto change = post ? alerting.post_rules(text, wanted, asked.dry_run)
                             : alerting.remove_rules(group, wanted);
    std::string tried;
    if (asked.backtest && change.rules)
      tried = backtest_member(change.rules, *asked.backtest, context_.clock.now(), worker);
    return answer_of(change, alerting.view().get(), tried);
  });
}

}  // namespace kcloud::api
