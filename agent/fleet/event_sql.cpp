#include "agent/fleet/event_sql.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <limits>
#include <string_view>
#include <utility>

#include "exporters/postgres/binary.h"

namespace kcloud::fleet {
namespace {

using postgres::parameter;
using postgres::Type;

constexpr std::string_view kColumns =
    "event_id, time_ns, received, type, source, workload, cluster, severity, collector, agent";

bool whole_micros(core::Time time) {
  return time.time_since_epoch() % std::chrono::microseconds(1) == std::chrono::nanoseconds(0);
}

std::string lower(std::string text) {
  std::ranges::transform(text, text.begin(), [](char c) {
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  });
  return text;
}

std::int64_t bounded(std::size_t number, std::int64_t most) {
  return static_cast<std::int64_t>(std::min(number, static_cast<std::size_t>(most)));
}

// Conditions that all hold, and the parameters in them.
class Where {
 public:
  void text(std::string_view column, const std::string& wanted) {
    if (wanted.empty()) return;
    if (!postgres::storable(wanted)) return add("false");
    add(fmt::format("{} = {}", column, place(parameter(Type::kText, wanted))));
  }

  // `time` is `time_ns` in whole microseconds, rounded down. Where it says all, nothing else is
  // asked for: PostgreSQL takes two bounds for more selective than one.
  void from(core::Time since) {
    add("time >= " + timestamp(since));
    if (!whole_micros(since)) add("time_ns >= " + nanos(since));
  }
  void before(core::Time until) {
    if (whole_micros(until)) return add("time < " + timestamp(until));
    add("time <= " + timestamp(until));
    add("time_ns < " + nanos(until));
  }

  // PostgreSQL makes a bound on `time`, the first of them, of it.
  void behind(const journal::PageKey& key, bool newest_first) {
    const std::string time = timestamp(key.time);
    const std::string ns = nanos(key.time);
    const std::string id = place(parameter(Type::kUuid, std::string(key.id.view())));
    add(fmt::format("(time, time_ns, event_id) {} ({}, {}, {})", newest_first ? '<' : '>', time, ns,
                    id));
  }

  // Bytes in bytes, as what is looked for can be half a character, but for the case of ASCII
  // letters, which is all that the collation C knows.
  void body(const std::string& wanted) {
    if (wanted.empty()) return;
    add(fmt::format("position({} IN convert_to(lower(body COLLATE \"C\"), 'UTF8')) > 0",
                    place(parameter(Type::kBytes, lower(wanted)))));
  }

  void received(const journal::Query& query) {
    if (query.received_since) add("received >= " + timestamp(*query.received_since));
    if (query.received_until) add("received < " + timestamp(*query.received_until));
  }

  std::string place(postgres::Parameter value) {
    parameters_.push_back(std::move(value));
    return fmt::format("${}", parameters_.size());
  }
  std::string clause() const { return conditions_.empty() ? "" : "WHERE " + conditions_ + ' '; }
  std::vector<postgres::Parameter> take() { return std::move(parameters_); }

 private:
  void add(std::string_view condition) {
    if (!conditions_.empty()) conditions_ += " AND ";
    conditions_ += condition;
  }
  std::string timestamp(core::Time time) {
    return place(parameter(Type::kTimestamp, postgres::binary_time(time)));
  }
  std::string nanos(core::Time time) {
    return place(parameter(Type::kBigint, postgres::binary(std::int64_t{core::to_nanos(time)})));
  }

  std::string conditions_;
  std::vector<postgres::Parameter> parameters_;
};

Where conditions(const journal::Query& query) {
  Where where;
  where.text("type", query.type);
  where.text("workload", query.workload);
  where.text("cluster", query.cluster);
  where.text("source", query.source);
  where.text("severity", query.severity);
  if (query.since) where.from(*query.since);
  if (query.until) where.before(*query.until);
  if (query.after) where.behind(*query.after, query.order == journal::Order::kNewestFirst);
  where.received(query);
  where.body(query.text);
  return where;
}

}  // namespace

Statement select_page(const journal::Query& query) {
  constexpr std::int64_t most = std::numeric_limits<std::int64_t>::max() - 1;
  Where where = conditions(query);
  const auto number = [&](std::int64_t value) {
    return where.place(parameter(Type::kBigint, postgres::binary(value)));
  };
  const std::string_view order = query.order == journal::Order::kNewestFirst
                                     ? "ORDER BY time DESC, time_ns DESC, event_id DESC"
                                     : "ORDER BY time, time_ns, event_id";
  const std::string limit = number(bounded(query.limit, most) + 1);
  const std::string bytes = number(bounded(query.max_bytes, most));
  std::string text = fmt::format(
      "SELECT {0}, CASE WHEN coalesce(sum(octet_length(body)) OVER ({1} ROWS BETWEEN UNBOUNDED "
      "PRECEDING AND 1 PRECEDING), 0) < {2} THEN body END FROM (SELECT time, {0}, body FROM "
      "audit_event {3}{1} LIMIT {4}) AS page {1}",
      kColumns, order, bytes, where.clause(), limit);
  return {std::move(text), where.take()};
}

Statement select_day(const core::EventId& id) {
  return {"SELECT ingest_day FROM audit_seen WHERE event_id = $1",
          {parameter(Type::kUuid, std::string(id.view()))}};
}

Statement select_event(const core::EventId& id, std::int32_t day) {
  return {fmt::format("SELECT {}, body FROM audit_event WHERE ingest_day = $1 AND event_id = $2",
                      kColumns),
          {parameter(Type::kDate, postgres::binary_date(day)),
           parameter(Type::kUuid, std::string(id.view()))}};
}

}  // namespace kcloud::fleet
