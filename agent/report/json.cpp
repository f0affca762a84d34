#include "agent/report/json.h"

#include <fmt/format.h>

#include "core/hex.h"
#include "core/json.h"

namespace kcloud::report {
namespace {

constexpr std::size_t kMostFindings = 1000;

void append_text(std::string& out, std::string_view key, std::string_view text) {
  core::append_key(out, key);
  if (text.empty())
    out += "null";
  else
    core::append_json_string(out, text);
}

void append_value(std::string& out, std::string_view key, const Value& value) {
  if (!value.json) return append_text(out, key, value.text);
  core::append_key(out, key);
  out += value.text;
}

void append_number(std::string& out, std::string_view key, std::uint64_t number) {
  core::append_key(out, key);
  out += std::to_string(number);
}

void append_counts(std::string& out, std::string_view key, const Counts& counts) {
  core::append_key(out, key);
  out += "{";
  for (const auto& [name, count] : counts.all()) {
    core::append_comma(out);
    core::append_json_string(out, name);
    out += fmt::format(":{}", count);
  }
  out += "}";
}

void append_null(std::string& out, std::string_view key) { append_text(out, key, {}); }

void append_gap(std::string& out, const Gap& gap) {
  core::append_comma(out);
  out += fmt::format(R"({{"from":"{}","to":"{}")", core::format_time(gap.from),
                     core::format_time(gap.to));
  if (gap.chain) {
    append_text(out, "chain", core::to_string(*gap.chain));
    append_text(out, "agent", gap.agent);
  }
  out += "}";
}

void append_gaps(std::string& out, const Gaps& gaps) {
  core::append_key(out, "gaps");
  out += fmt::format(R"({{"count":{},"seconds":{},"list":[)", gaps.count(),
                     std::chrono::duration_cast<std::chrono::seconds>(gaps.total()).count());
  for (const auto& gap : gaps.list()) append_gap(out, gap);
  out += "]}";
}

void append_agent_counts(std::string& out, const std::optional<AgentCounts>& agent) {
  if (!agent) {
    for (const auto* key : {"dead_letters", "duplicates", "conflicts"}) append_null(out, key);
    return;
  }
  append_counts(out, "dead_letters", agent->dead_letters);
  append_number(out, "duplicates", agent->duplicates);
  append_number(out, "conflicts", agent->conflicts);
}

void append_dropped(std::string& out, const Dropped& dropped) {
  core::append_key(out, "dropped");
  out += fmt::format(R"({{"days":{},"rows":{},"list":[)", dropped.days, dropped.rows);
  for (const auto& one : dropped.list) {
    core::append_comma(out);
    out += "{";
    append_text(out, "day", core::format_time(one.day).substr(0, 10));
    append_number(out, "rows", one.rows);
    append_text(out, "at", core::format_time(one.at));
    append_text(out, "agent", one.agent);
    out += "}";
  }
  out += "]}";
}

void append_retention(std::string& out, const Kept& kept) {
  core::append_key(out, "retention");
  out += "{";
  if (kept.agent) {
    const auto age = std::chrono::duration_cast<std::chrono::seconds>(kept.agent->max_age);
    append_number(out, "max_age_seconds", static_cast<std::uint64_t>(age.count()));
  } else {
    append_null(out, "max_age_seconds");
  }
  append_text(out, "oldest_received", kept.oldest ? core::format_time(*kept.oldest) : "");
  if (kept.agent) {
    append_number(out, "removed_by_age", kept.agent->expired);
    append_number(out, "removed_by_size", kept.agent->evicted);
  } else {
    append_null(out, "removed_by_age");
    append_null(out, "removed_by_size");
  }
  if (kept.dropped) append_dropped(out, *kept.dropped);
  out += "}";
}

void append_seal(std::string& out, std::string_view key, const std::optional<core::Seal>& seal) {
  core::append_key(out, key);
  out += seal ? fmt::format(R"({{"seq":{},"hash":"{}","sealed":"{}"}})", seal->seq,
                            core::to_hex(seal->hash), core::format_time(seal->sealed))
              : "null";
}

void append_chain(std::string& out, const core::ChainReport& chain) {
  core::append_comma(out);
  out += "{";
  append_text(out, "chain", chain.chain ? core::to_string(*chain.chain) : "");
  append_text(out, "verdict", chain.ok() ? "ok" : "damaged");
  append_seal(out, "first", chain.first);
  append_seal(out, "last", chain.last);
  append_number(out, "batches", chain.batches);
  append_number(out, "events", chain.events);
  append_number(out, "unread", chain.unread);
  append_number(out, "unsealed", chain.unsealed);
  append_number(out, "checkpoints_met", chain.heads_met);
  core::append_key(out, "findings");
  out += "[";
  for (std::size_t i = 0; i < std::min(chain.findings.size(), kMostFindings); ++i) {
    core::append_comma(out);
    out += fmt::format(R"({{"batch":{})", chain.findings[i].batch);
    append_text(out, "problem", chain.findings[i].problem);
    out += "}";
  }
  out += "]}";
}

}  // namespace

void append_head(std::string& out, const Head& head) {
  const Request& request = head.request;
  append_text(out, "report", "audit");
  append_text(out, "made", core::format_time(head.made));
  append_text(out, "by", head.by);
  append_text(out, "agent", head.agent);
  append_text(out, "version", head.version);
  append_text(out, "event", head.event);
  if (head.backend == Backend::kJournal) {
    append_text(out, "position", fmt::format("{}-{}", head.epoch, head.head));
  } else {
    append_null(out, "position");
    append_text(out, "backend", "postgres");
  }
  core::append_key(out, "period");
  out += "{";
  append_text(out, "since", core::format_time(request.since));
  append_text(out, "until", core::format_time(request.until));
  append_text(out, "zone", request.zone.name());
  out += "}";
  core::append_key(out, "filter");
  out += "{";
  core::append_member(out, "type", request.type);
  core::append_member(out, "cluster", request.cluster);
  core::append_member(out, "workload", request.workload);
  core::append_member(out, "actor", request.actor);
  out += "}";
}

void append_row(std::string& out, const Row& row) {
  append_text(out, "time", core::format_time(row.time));
  append_text(out, "type", row.type);
  append_text(out, "action", row.action);
  append_text(out, "target", row.target);
  append_text(out, "actor", row.actor);
  append_text(out, "cluster", row.cluster);
  append_text(out, "workload", row.workload);
  append_text(out, "source", row.source);
  append_text(out, "reason", row.reason);
  append_text(out, "outcome", row.outcome);
  append_value(out, "before", row.before);
  append_value(out, "after", row.after);
  append_text(out, "id", core::to_string(row.id));
  append_text(out, "agent", row.agent);
}

void append_summary(std::string& out, const Summary& summary) {
  append_number(out, "rows", summary.rows);
  append_counts(out, "types", summary.types);
  append_counts(out, "actors", summary.actors);
  append_counts(out, "outcomes", summary.outcomes);
  append_counts(out, "agents", summary.agents);
  append_gaps(out, summary.gaps);
  append_agent_counts(out, summary.kept.agent);
  append_retention(out, summary.kept);
}

void append_integrity(std::string& out, const Integrity& integrity) {
  append_text(out, "verdict", integrity.verdict());
  core::append_key(out, "chains");
  out += "[";
  for (const auto& chain : integrity.chains) append_chain(out, chain);
  out += "]";
  core::append_key(out, "checkpoints");
  out += "{";
  append_number(out, "count", integrity.checkpoints);
  append_number(out, "verified", integrity.verified);
  append_number(out, "forged", integrity.forged);
  if (integrity.undelivered) append_number(out, "undelivered", *integrity.undelivered);
  append_text(out, "key_id", integrity.key_id);
  out += "}";
  append_text(out, "verify", integrity.command);
}

}  // namespace kcloud::report
