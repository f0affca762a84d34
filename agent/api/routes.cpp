#include "agent/api/routes.h"

#include <array>

namespace kcloud::api {

namespace {

// The first pattern that fits counts, so exact ones stand before those with a parameter.
constexpr std::array kRoutes = {
    Route{"POST", "/events/{event_type}", Access::kIngest, Action::kPostTyped,
          "Log events of one type"},
    Route{"POST", "/events", Access::kIngest, Action::kPostEvents, "Log events of any type"},
    Route{"POST", "/forward", Access::kForward, Action::kForward,
          "Events of another agent, under the ids that they have"},
    Route{"GET", "/", Access::kOpen, Action::kIndex, "The endpoints"},
    Route{"GET", "/events", Access::kRead, Action::kListEvents, "Events, newest first"},
    Route{"GET", "/events/workload/{workload_id}", Access::kRead, Action::kListWorkload,
          "Events of one workload"},
    Route{"GET", "/events/id/{id}/deliveries", Access::kRead, Action::kDeliveries,
          "Which sinks have an event"},
    Route{"GET", "/events/id/{id}", Access::kRead, Action::kOneEvent, "One event"},
    Route{"GET", "/events/{event_type}", Access::kRead, Action::kListType, "Events of one type"},
    Route{"GET", "/stream/events", Access::kRead, Action::kStream, "Live events (SSE)"},
    Route{"GET", "/schemas", Access::kRead, Action::kSchemas, "The event types"},
    Route{"GET", "/schemas/{type}", Access::kRead, Action::kSchema, "JSON Schema of one type"},
    Route{"GET", "/dead-letters", Access::kRead, Action::kDeadLetters, "What was refused"},
    Route{"GET", "/dead-letters/{id}", Access::kRead, Action::kDeadLetter, "One dead letter"},
    Route{"POST", "/dead-letters/retry", Access::kAdmin, Action::kRetryLetters,
          "Try dead letters again"},
    Route{"POST", "/dead-letters/{id}/retry", Access::kAdmin, Action::kRetryLetter,
          "Try one dead letter again"},
    Route{"DELETE", "/dead-letters", Access::kAdmin, Action::kPurgeLetters, "Remove dead letters"},
    Route{"DELETE", "/dead-letters/{id}", Access::kAdmin, Action::kPurgeLetter,
          "Remove one dead letter"},
    Route{"GET", "/alerts/active", Access::kRead, Action::kActiveAlerts,
          "Alerts that fire or are pending"},
    Route{"GET", "/alerts/history", Access::kRead, Action::kAlertHistory,
          "How alerts came and went, newest first"},
    Route{"GET", "/alerts/rules", Access::kRead, Action::kAlertRules,
          "The rules in force and how they are"},
    Route{"POST", "/alerts/rules", Access::kAdmin, Action::kPostRules,
          "Check rules and put them in force"},
    Route{"DELETE", "/alerts/rules/{group}", Access::kAdmin, Action::kRemoveRules,
          "Remove posted rules"},
    Route{"GET", "/alerts/silences", Access::kRead, Action::kSilences, "The silences"},
    Route{"POST", "/alerts/silences", Access::kAdmin, Action::kPutSilence,
          "Silence alerts for a time"},
    Route{"DELETE", "/alerts/silences/{id}", Access::kAdmin, Action::kExpireSilence,
          "End a silence"},
    Route{"GET", "/alerts/notifications", Access::kRead, Action::kNotifications,
          "What notifiers were told"},
    Route{"GET", "/alerts/{fingerprint}", Access::kRead, Action::kOneAlert,
          "One alert, its evidence and its history"},
    Route{"GET", "/analytics/scheduling-performance", Access::kRead, Action::kSchedulingPerformance,
          "How fast, how often and how well schedulers decided"},
    Route{"GET", "/analytics/cost-efficiency", Access::kRead, Action::kCostEfficiency,
          "What decisions cost, what relocations saved, what was wasted"},
    Route{"GET", "/analytics/sla-compliance", Access::kRead, Action::kSlaCompliance,
          "Whether the objectives were met"},
    Route{"GET", "/analytics/rollups", Access::kRead, Action::kRollups,
          "How far the numbers behind /analytics are"},
    Route{"POST", "/analytics/rollups", Access::kAdmin, Action::kRebuildRollups,
          "Make hours of them anew from their events"},
    Route{"GET", "/reports/audit", Access::kRead, Action::kAuditReport,
          "Who did what, when, where and why, and proof that it was not changed"},
    Route{"GET", "/collectors", Access::kRead, Action::kCollectors,
          "The collectors and their state"},
    Route{"POST", "/collectors/{name}/pause", Access::kAdmin, Action::kPauseCollector,
          "Pause a collector"},
    Route{"POST", "/collectors/{name}/resume", Access::kAdmin, Action::kResumeCollector,
          "Resume a collector"},
    Route{"GET", "/exporters/{name}/replay", Access::kRead, Action::kReplay,
          "The progress of a replay"},
    Route{"POST", "/exporters/{name}/replay", Access::kAdmin, Action::kStartReplay,
          "Send events to an exporter once more"},
    Route{"DELETE", "/exporters/{name}/replay", Access::kAdmin, Action::kCancelReplay,
          "Cancel a replay"},
    Route{"GET", "/config", Access::kAdmin, Action::kConfig, "The configuration in force"},
    Route{"GET", "/health", Access::kOpen, Action::kHealth, "Health of every component"},
    Route{"GET", "/health/live", Access::kOpen, Action::kLive, "Liveness"},
    Route{"GET", "/health/ready", Access::kOpen, Action::kReady, "Readiness"},
    Route{"GET", "/metrics", Access::kRead, Action::kMetrics, "Prometheus metrics"},
    Route{"GET", "/openapi.json", Access::kOpen, Action::kOpenApi, "This API's description"},
};

bool matches(std::string_view pattern, std::string_view path, std::string_view& parameter) {
  const std::size_t open = pattern.find('{');
  if (open == std::string_view::npos) return pattern == path;
  if (!path.starts_with(pattern.substr(0, open))) return false;
  const std::size_t close = pattern.find('}', open);
  const std::string_view behind = pattern.substr(close + 1);
  if (!path.ends_with(behind) || path.size() <= open + behind.size()) return false;
  const std::string_view value = path.substr(open, path.size() - open - behind.size());
  const bool takes_rest = pattern.substr(open, close - open + 1) == "{workload_id}";
  if (!takes_rest && value.find('/') != std::string_view::npos) return false;
  parameter = value;
  return true;
}

}  // namespace

std::span<const Route> routes() { return kRoutes; }

Match find_route(std::string_view method, std::string_view path) {
  const std::string_view wanted = method == "HEAD" ? "GET" : method;
  Match match;
  std::string_view parameter;
  for (const Route& route : kRoutes) {
    if (route.method != wanted || !matches(route.pattern, path, parameter)) continue;
    match.route = &route;
    match.parameter = parameter;
    return match;
  }
  for (const Route& route : kRoutes) {
    if (!matches(route.pattern, path, parameter)) continue;
    if (match.allow.find(route.method) != std::string::npos) continue;
    match.allow.append(match.allow.empty() ? "" : ", ").append(route.method);
    if (route.method == "GET") match.allow.append(", HEAD");
  }
  if (!match.allow.empty()) match.allow.append(", OPTIONS");
  return match;
}

}  // namespace kcloud::api
