// What the routes of /alerts ask for and answer. Pure, but for the pages of history.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "agent/alerting/runner.h"
#include "agent/alerting/silences.h"
#include "agent/http/url.h"
#include "agent/journal/reader.h"

namespace kcloud::api {

// Filters are conjunctive; empty means any.
struct AlertFilter {
  std::string state, rule, group, severity, cluster, workload;
  std::size_t limit = 1000;  // of /alerts/active
  std::string error;         // not empty: a sentence for a 400

  bool fits(const rules::Alert& alert) const;
};
AlertFilter parse_alert_filter(const http::Parameters& parameters);

// `{"alerts":[…],"left_off":…,"frontier":…,"as_of":…}`: firing ones first, then pending; of a state
// the newest first.
std::string active_json(const alerting::View& view, const AlertFilter& filter,
                        const std::vector<alerting::ParsedSilence>& silences, core::Time now);
// `{"hash","loaded","groups":[{…,"rules":[…]}],"errors":[…],"bad_files":[…]}`.
std::string rules_json(const alerting::View& view);
// `{"silences":[…]}`: those that are not over first.
std::string silences_json(std::vector<alerting::ParsedSilence> silences, core::Time now);
// The member `silenced_by`.
void append_silenced(std::string& out, const std::vector<std::string>& ids);

// The `ETag` of a set of rules.
std::string entity_tag(const std::string& hash);

struct HistoryQuery {
  AlertFilter filter;
  std::string fingerprint;
  journal::Query query;
  std::string error;
};
HistoryQuery parse_history_query(const http::Parameters& parameters, core::Time now,
                                 const core::Zone& zone);
// `{"alerts":[transitions, newest first],"next":cursor|null}`.
std::string history_json(journal::Reader& reader, const HistoryQuery& wanted);

}  // namespace kcloud::api
