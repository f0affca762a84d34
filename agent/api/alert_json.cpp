#include "agent/api/alert_json.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

#include "agent/alerting/transition_event.h"
#include "agent/api/event_query.h"
#include "agent/api/number_page.h"
#include "core/json.h"

namespace kcloud::api {
namespace {

using core::append_comma;
using core::append_json_string;
using core::append_key;

constexpr std::size_t kPage = 100;
constexpr std::size_t kMostPage = 1000;
constexpr std::size_t kMostActive = 10'000;
constexpr std::chrono::milliseconds kMostWork{
    200};  // of a call; then it gives what it has and `next`

void text(std::string& out, std::string_view key, std::string_view value) {
  append_key(out, key);
  append_json_string(out, value);
}

void number(std::string& out, std::string_view key, std::uint64_t value) {
  append_key(out, key);
  out += std::to_string(value);
}

void time_or_null(std::string& out, std::string_view key, core::Time time) {
  append_key(out, key);
  time == core::Time{} ? void(out += "null") : append_json_string(out, core::format_time(time));
}

void duration(std::string& out, std::string_view key, rules::Duration value) {
  append_key(out, key);
  out += fmt::format("{}", static_cast<double>(value.count()) / 1000);
}

void texts(std::string& out, std::string_view key, const std::vector<std::string>& all) {
  append_key(out, key);
  out.push_back('[');
  for (const auto& one : all) {
    append_comma(out);
    append_json_string(out, one);
  }
  out.push_back(']');
}

std::string label(const rules::Labels& labels, const char* name) {
  const auto found = labels.find(name);
  return found == labels.end() ? std::string() : found->second;
}

// The members of a filter by the names of their parameters.
struct Part {
  std::string_view name;
  std::string AlertFilter::*member;
};
constexpr Part kParts[] = {
    {"state", &AlertFilter::state},     {"rule", &AlertFilter::rule},
    {"group", &AlertFilter::group},     {"severity", &AlertFilter::severity},
    {"cluster", &AlertFilter::cluster}, {"workload", &AlertFilter::workload}};

bool take(const std::pair<std::string, std::string>& parameter, AlertFilter& filter) {
  const auto part = std::ranges::find(kParts, parameter.first, &Part::name);
  if (part == std::end(kParts)) return false;
  filter.*part->member = parameter.second;
  return true;
}

std::string unfit_state(const std::string& state, std::string_view expected) {
  return fmt::format("parameter `state` is `{}`; expected {}", state, expected);
}

void append_rule(std::string& out, const rules::Rule& rule,
                 const rules::Engine::RuleStatus* status) {
  append_comma(out);
  out.push_back('{');
  text(out, "name", rule.name);
  const bool firing = status != nullptr && status->firing > 0;
  const bool pending = status != nullptr && status->pending > 0;
  text(out, "state",
       !rule.enabled ? "disabled"
       : firing      ? "firing"
       : pending     ? "pending"
                     : "inactive");
  text(out, "definition", rule.text);
  if (!rule.slo.empty()) text(out, "slo", rule.slo);
  texts(out, "by", rule.by);
  duration(out, "for", rule.hold);
  duration(out, "keep_firing_for", rule.keep_firing);
  if (status != nullptr) {
    number(out, "groups", status->groups);
    number(out, "pending", status->pending);
    number(out, "firing", status->firing);
    number(out, "refused", status->refused);
    number(out, "late_events", status->late);
    time_or_null(out, "evaluated", status->evaluated);
  }
  out.push_back('}');
}

}  // namespace

bool AlertFilter::fits(const rules::Alert& alert) const {
  const auto is = [](const std::string& wanted, std::string_view found) {
    return wanted.empty() || wanted == found;
  };
  return is(state, to_string(alert.state)) && is(rule, alert.rule) && is(group, alert.group) &&
         is(severity, label(alert.labels, "severity")) &&
         is(cluster, label(alert.labels, "cluster")) &&
         is(workload, label(alert.labels, "workload"));
}

AlertFilter parse_alert_filter(const http::Parameters& parameters) {
  AlertFilter filter;
  for (const auto& parameter : parameters) {
    if (parameter.first == "limit") {
      const auto limit = parse_number(parameter.second);
      if (!limit || *limit == 0 || *limit > kMostActive) {
        filter.error = fmt::format("limit `{}`: expected 1 to {}", parameter.second, kMostActive);
        return filter;
      }
      filter.limit = *limit;
    } else if (!take(parameter, filter)) {
      filter.error = fmt::format(
          "unknown parameter `{}`; there are state, rule, group, severity, cluster, workload and "
          "limit",
          parameter.first);
      return filter;
    }
  }
  if (!filter.state.empty() && filter.state != "firing" && filter.state != "pending")
    filter.error = unfit_state(filter.state, "firing or pending");
  return filter;
}

void append_silenced(std::string& out, const std::vector<std::string>& ids) {
  texts(out, "silenced_by", ids);
}

std::string active_json(const alerting::View& view, const AlertFilter& filter,
                        const std::vector<alerting::ParsedSilence>& silences, core::Time now) {
  std::vector<const rules::Alert*> wanted;
  for (const auto& alert : view.alerts)
    if (filter.fits(alert)) wanted.push_back(&alert);
  std::ranges::stable_sort(wanted, [](const rules::Alert* a, const rules::Alert* b) {
    if (a->state != b->state) return a->state == rules::AlertState::kFiring;
    return a->active_since > b->active_since;
  });
  const std::size_t left_off = wanted.size() - std::min(wanted.size(), filter.limit);
  wanted.resize(wanted.size() - left_off);
  std::string out = "{\"alerts\":[";
  for (const auto* alert : wanted) {
    append_comma(out);
    out.push_back('{');
    alerting::append_alert(out, *alert);
    append_silenced(out, silenced_by(silences, alert->labels, now));
    out.push_back('}');
  }
  out += fmt::format("],\"left_off\":{}", left_off);
  time_or_null(out, "frontier", view.frontier);
  text(out, "as_of", core::format_time(now));
  return out + "}\n";
}

std::string rules_json(const alerting::View& view) {
  std::string out = "{";
  text(out, "hash", view.set.hash);
  time_or_null(out, "loaded", view.set.loaded);
  append_key(out, "groups");
  out.push_back('[');
  for (const auto& group : view.set.rules->groups) {
    append_comma(out);
    out.push_back('{');
    text(out, "name", group.name);
    text(out, "file", group.file);
    duration(out, "interval", group.interval);
    duration(out, "max_delay", group.max_delay);
    number(out, "limit", group.limit);
    append_key(out, "rules");
    out.push_back('[');
    for (const auto& rule : group.rules) {
      const auto status = std::ranges::find_if(view.status, [&](const auto& one) {
        return one.group == group.name && one.rule == rule.name;
      });
      append_rule(out, rule, status == view.status.end() ? nullptr : &*status);
    }
    out += "]}";
  }
  out.push_back(']');
  texts(out, "errors", view.set.problems);
  texts(out, "bad_files", view.set.bad_files);
  append_key(out, "last_error");
  view.last_error.empty() ? void(out += "null") : append_json_string(out, view.last_error);
  return out + "}\n";
}

std::string silences_json(std::vector<alerting::ParsedSilence> silences, core::Time now) {
  std::ranges::stable_sort(silences, [&](const auto& a, const auto& b) {
    if ((a.ends > now) != (b.ends > now)) return a.ends > now;
    return a.starts > b.starts;
  });
  std::string out = "{\"silences\":[";
  for (const auto& silence : silences) append_silence(out, silence, now);
  return out + "]}\n";
}

HistoryQuery parse_history_query(const http::Parameters& parameters, core::Time now,
                                 const core::Zone& zone) {
  HistoryQuery wanted;
  wanted.query.type = "alert_transition";
  wanted.query.limit = kPage;
  const auto unfit = [&](const auto& parameter, std::string_view expected) {
    wanted.error = fmt::format("parameter `{}` is `{}`; expected {}", parameter.first,
                               parameter.second, expected);
    return wanted;
  };
  for (const auto& parameter : parameters) {
    const auto& [name, value] = parameter;
    if (name == "since" || name == "until") {
      const auto time = parse_query_time(value, now, zone);
      if (!time) return unfit(parameter, "a time, such as 2025-01-15T10:30:00Z or -24h");
      (name == "since" ? wanted.query.since : wanted.query.until) = time;
    } else if (name == "limit") {
      std::size_t limit = 0;
      const auto [end, error] = std::from_chars(value.data(), value.data() + value.size(), limit);
      if (error != std::errc() || end != value.data() + value.size() || limit < 1 ||
          limit > kMostPage)
        return unfit(parameter, fmt::format("1 to {}", kMostPage));
      wanted.query.limit = limit;
    } else if (name == "cursor") {
      const auto cursor = decode_cursor(value);
      if (!cursor || cursor->order != journal::Order::kNewestFirst)
        return unfit(parameter, "a `next` of this list");
      wanted.query.after = cursor->key;
    } else if (name == "fingerprint") {
      wanted.fingerprint = value;
    } else if (!take(parameter, wanted.filter)) {
      wanted.error = fmt::format(
          "unknown parameter `{}`; there are fingerprint, state, rule, group, severity, cluster, "
          "workload, since, until, limit and cursor",
          name);
      return wanted;
    }
  }
  const auto& state = wanted.filter.state;
  if (!state.empty() && state != "firing" && state != "resolved") {
    wanted.error = unfit_state(state, "firing or resolved");
    return wanted;
  }
  // The scan looks for one text; the rest is looked at afterwards.
  wanted.query.text = !wanted.fingerprint.empty() ? wanted.fingerprint : wanted.filter.rule;
  wanted.query.severity = wanted.filter.severity;
  return wanted;
}

std::string history_json(journal::Reader& reader, const HistoryQuery& wanted) {
  journal::Query query = wanted.query;
  std::string out = "{\"alerts\":[";
  std::size_t left = query.limit;
  std::optional<journal::PageKey> next;
  const auto deadline = std::chrono::steady_clock::now() + kMostWork;
  for (;;) {
    query.limit = left;
    const journal::Page page = reader.query(query);
    for (const auto& event : page.batch.events) {
      const auto known = alerting::parse_transition(event.body);
      const bool fits =
          known && wanted.filter.fits(known->alert) &&
          (wanted.fingerprint.empty() || wanted.fingerprint == known->alert.fingerprint);
      if (!fits) continue;
      append_comma(out);
      out += event.body;
      --left;
    }
    next = page.next;
    if (left == 0 || !next || std::chrono::steady_clock::now() > deadline) break;
    query.after = next;
  }
  out += "]";
  append_key(out, "next");
  next ? append_json_string(out, encode_cursor(*next, journal::Order::kNewestFirst))
       : void(out += "null");
  return out + "}\n";
}

std::string entity_tag(const std::string& hash) { return "\"" + hash + "\""; }

}  // namespace kcloud::api
