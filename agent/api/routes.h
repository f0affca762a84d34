// The table of routes and finding one. Pure. agent/api/openapi.json describes the same; a test
// keeps the two equal.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "agent/api/auth.h"

namespace kcloud::api {

enum class Action : std::uint8_t {
  kIndex,
  kPostEvents,
  kPostTyped,
  kForward,
  kListEvents,
  kListType,
  kListWorkload,
  kOneEvent,
  kDeliveries,
  kStream,
  kSchemas,
  kSchema,
  kConfig,
  kDeadLetters,
  kDeadLetter,
  kRetryLetters,
  kRetryLetter,
  kPurgeLetters,
  kPurgeLetter,
  kNotifications,
  kActiveAlerts,
  kAlertHistory,
  kAlertRules,
  kPostRules,
  kRemoveRules,
  kSilences,
  kPutSilence,
  kExpireSilence,
  kOneAlert,
  kSchedulingPerformance,
  kCostEfficiency,
  kSlaCompliance,
  kRollups,
  kRebuildRollups,
  kAuditReport,
  kCollectors,
  kPauseCollector,
  kResumeCollector,
  kReplay,
  kStartReplay,
  kCancelReplay,
  kHealth,
  kLive,
  kReady,
  kMetrics,
  kOpenApi
};

struct Route {
  std::string_view method;
  std::string_view pattern;  // `{name}` stands for one segment, `{workload_id}` for the rest
  Access access;
  Action action;
  std::string_view summary;
};

std::span<const Route> routes();

struct Match {
  const Route* route = nullptr;
  std::string_view parameter;  // what `{…}` stands for, still percent-encoded
  std::string allow;           // methods of a known path whose method is another; else empty
};

// HEAD finds the GET route.
Match find_route(std::string_view method, std::string_view path);

}  // namespace kcloud::api
