#include "agent/report/page.h"

#include <fmt/format.h>

#include <algorithm>

#include "agent/report/chart.h"
#include "core/hex.h"

namespace kcloud::report {
namespace {

constexpr std::size_t kMostBars = 12;
constexpr std::size_t kMostNames = 8;
constexpr std::size_t kMostGaps = 20;
constexpr std::size_t kMostFindings = 50;
constexpr std::chrono::days kYear{365};

// Nothing from elsewhere is loaded or run, whatever an event says.
constexpr std::string_view kStyle = R"html(
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<meta name="viewport" content="width=device-width">
<style>
:root{color-scheme:light}
body{font:14px/1.45 "Noto Sans KR","Noto Sans CJK KR","Apple SD Gothic Neo","Malgun Gothic",system-ui,sans-serif;color:#1c2733;margin:24px auto;max-width:1180px;padding:0 16px;word-break:keep-all;overflow-wrap:anywhere}
h1{font-size:26px;margin:0 0 4px}h2{font-size:17px;margin:26px 0 8px;break-after:avoid}
dl{display:grid;grid-template-columns:max-content 1fr;gap:2px 16px;margin:8px 0}dt{color:#5a6876}dd{margin:0}
.verdict{padding:10px 14px;border-left:6px solid;margin:16px 0;font-weight:600}
.ok{background:#e8f5ec;border-color:#1f8a4c}.damaged{background:#fdeaea;border-color:#c62828}.none{background:#f4f1e6;border-color:#a3832a}
.figures{display:flex;flex-wrap:wrap;gap:10px;margin:12px 0}.figures div{border:1px solid #d5dce3;border-radius:4px;padding:8px 14px;min-width:110px}
.figures b{display:block;font-size:20px}.figures span{color:#5a6876;font-size:12px}
.charts{display:grid;grid-template-columns:1fr 1fr;gap:8px 24px}.charts section{min-width:0;break-inside:avoid}.charts h2{margin-top:14px}
svg{width:100%;height:auto;display:block}svg rect{fill:#2f6db3}svg line{stroke:#dde3e9}svg text{font-size:12px;fill:#3c4a58}
table{border-collapse:collapse;width:100%}th,td{text-align:left;vertical-align:top;padding:4px 8px;border-bottom:1px solid #dde3e9;unicode-bidi:isolate}
th{border-bottom:2px solid #8796a5;font-weight:600}thead{display:table-header-group}tr{break-inside:avoid}
.rows{font-size:12px;table-layout:fixed}.rows td{overflow-wrap:anywhere;white-space:pre-line}.rows small{color:#5a6876;display:block}
.t{white-space:nowrap!important}code{font:12px/1.4 "Noto Sans Mono","Cascadia Mono",Menlo,Consolas,monospace;overflow-wrap:anywhere}
.lead{break-after:avoid}.note{color:#5a6876}.sha{margin-top:24px;padding-top:8px;border-top:2px solid #8796a5}
@media print{@page{size:A4 landscape;margin:12mm 12mm 15mm;@bottom-right{content:counter(page) " / " counter(pages);font-size:9px}}
body{margin:0;max-width:none;padding:0;font-size:11px}.rows{font-size:9px}th,td{padding:2px 6px}code{font-size:9.5px}.verdict,.figures div,svg rect{print-color-adjust:exact;-webkit-print-color-adjust:exact}}
</style>
)html";

void append_item(std::string& out, std::string_view name, std::string_view value) {
  out.append("<dt>").append(name).append("</dt><dd>");
  append_html(out, value);
  out += "</dd>\n";
}

void append_figure(std::string& out, std::string_view name, std::uint64_t value,
                   std::string_view note = {}) {
  out.append("<div><b>").append(grouped(value)).append("</b>").append(name);
  if (!note.empty()) out.append("<br><span>").append(note).append("</span>");
  out += "</div>\n";
}

void append_unknown(std::string& out, std::string_view name, const Texts& words) {
  out += fmt::format("<div><b>–</b>{}<br><span>{}</span></div>\n", name, words.not_here);
}

std::string length_text(std::chrono::nanoseconds length, const Texts& words) {
  const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(length).count();
  const auto days = seconds / 86400;
  return fmt::format("{}{:02}:{:02}:{:02}", days > 0 ? fmt::format("{}{} ", days, words.days) : "",
                     seconds / 3600 % 24, seconds / 60 % 60, seconds % 60);
}

std::string filled(std::string_view pattern, const auto&... values) {
  return fmt::format(fmt::runtime(pattern), values...);
}

std::string filter_text(const Request& request, const Texts& words) {
  std::string out;
  for (const auto& [name, value] :
       std::initializer_list<std::pair<const char*, std::string>>{{"type", request.type},
                                                                  {"cluster", request.cluster},
                                                                  {"workload", request.workload},
                                                                  {"actor", request.actor}}) {
    if (!value.empty()) out += fmt::format("{}{} = {}", out.empty() ? "" : ", ", name, value);
  }
  return out.empty() ? std::string(words.everything) : out;
}

void append_histogram(std::string& out, const Histogram& histogram, const Request& request,
                      const Texts& words) {
  const auto title = histogram.hours()       ? std::string(words.per_hour)
                     : histogram.days() == 1 ? std::string(words.per_day)
                                             : filled(words.per_days, histogram.days());
  out += fmt::format("<section><h2>{}</h2>\n", title);
  std::vector<Bar> bars;
  for (std::size_t i = 0; i < histogram.begins().size(); ++i) {
    const auto local = local_time(histogram.begins()[i], request.zone);
    const auto label = histogram.hours() ? local.substr(5, 11) : local.substr(0, 10);
    bars.push_back({label, local.substr(0, 16), histogram.counts()[i]});
  }
  append_columns(out, bars);
  out += "</section>\n";
}

void append_types(std::string& out, const Summary& summary, const Request& request,
                  const Texts& words) {
  out += fmt::format("<section><h2>{}</h2>\n", words.by_type);
  std::vector<Bar> bars;
  const auto counts = summary.types.most_first();
  for (std::size_t i = 0; i < std::min(counts.size(), kMostBars); ++i) {
    const auto title = type_title(counts[i].first, request.language);
    const auto label = title.empty() ? counts[i].first : std::string(title);
    bars.push_back({label, counts[i].first, counts[i].second});
  }
  append_bars(out, bars);
  if (counts.empty()) out.append("<p>").append(words.none_found).append("</p>\n");
  if (counts.size() > kMostBars)
    out += fmt::format("<p class=\"note\">{}</p>\n", filled(words.more, counts.size() - kMostBars));
  out += "</section>\n";
}

void append_names(std::string& out, std::string_view title, const Counts& counts,
                  const Texts& words) {
  const auto names = counts.most_first();
  if (names.empty()) return;
  std::string text;
  for (std::size_t i = 0; i < std::min(names.size(), kMostNames); ++i)
    text += fmt::format("{}{} ({})", i > 0 ? ", " : "", names[i].first, grouped(names[i].second));
  if (names.size() > kMostNames) text += ", " + filled(words.more, names.size() - kMostNames);
  append_item(out, title, text);
}

void append_gap(std::string& out, const Gap& gap, const Request& request, const Texts& words) {
  out += "<tr>";
  if (gap.chain) {
    out += "<td>";
    append_html(out, gap.agent);
    out += fmt::format("</td><td><code>{}</code></td>", core::to_string(*gap.chain));
  }
  out += fmt::format("<td>{}</td><td>{}</td><td>{}</td></tr>\n", local_time(gap.from, request.zone),
                     local_time(gap.to, request.zone), length_text(gap.to - gap.from, words));
}

void append_gaps(std::string& out, const Gaps& gaps, const Head& head, const Texts& words) {
  if (gaps.count() == 0) return;
  const bool all = head.backend != Backend::kJournal;
  out += fmt::format(
      "<h2>{}</h2>\n<p class=\"lead\">{}</p>\n<table><thead><tr>", words.gaps,
      filled(all ? words.gap_note_all : words.gap_note, length_text(gaps.total(), words)));
  if (all) out += fmt::format("<th>{}</th><th>{}</th>", words.agent, words.chain);
  out += fmt::format("<th>{}</th><th>{}</th><th>{}</th></tr></thead><tbody>\n", words.gap_from,
                     words.gap_to, words.length);
  for (std::size_t i = 0; i < std::min(gaps.list().size(), kMostGaps); ++i)
    append_gap(out, gaps.list()[i], head.request, words);
  out += "</tbody></table>\n";
  if (gaps.count() > kMostGaps)
    out += fmt::format("<p class=\"note\">{}</p>\n", filled(words.more, gaps.count() - kMostGaps));
}

std::string day_text(core::Time day) { return core::format_time(day).substr(0, 10); }

std::string dropped_text(const Dropped& dropped, const Texts& words) {
  if (dropped.list.empty()) return std::string(words.no_day_dropped);
  Counts agents;
  for (const auto& one : dropped.list) agents.add(one.agent);
  std::string names;
  for (const auto& [name, count] : agents.all()) names += (names.empty() ? "" : ", ") + name;
  return filled(words.days_dropped, grouped(dropped.days), grouped(dropped.rows),
                day_text(dropped.list.front().day), day_text(dropped.list.back().day), names);
}

// What the store keeps, since when, and what it removed.
std::string retention_text(const Kept& kept, const Request& request, const Texts& words) {
  std::string text;
  if (kept.agent) {
    const auto days = std::chrono::duration_cast<std::chrono::days>(kept.agent->max_age);
    text += filled(words.keeps_days, days.count()) + " ";
    if (days < kYear) text.append(words.short_retention).append(" ");
  }
  if (kept.oldest) {
    text += kept.dropped ? filled(words.oldest_day, day_text(*kept.oldest))
                         : filled(words.oldest, local_time(*kept.oldest, request.zone));
    text += " ";
    if (request.since < *kept.oldest) text.append(words.began_later).append(" ");
  }
  if (kept.agent)
    text += filled(words.removed, grouped(kept.agent->expired), grouped(kept.agent->evicted));
  if (kept.dropped) text += dropped_text(*kept.dropped, words);
  return text;
}

void append_agent_figures(std::string& out, const std::optional<AgentCounts>& agent,
                          const Texts& words) {
  if (!agent) {
    for (const auto name : {words.dead_letters, words.duplicates, words.conflicts})
      append_unknown(out, name, words);
    return;
  }
  std::uint64_t letters = 0;
  for (const auto& [reason, count] : agent->dead_letters.all()) letters += count;
  append_figure(out, words.dead_letters, letters);
  append_figure(out, words.duplicates, agent->duplicates, words.since_start);
  append_figure(out, words.conflicts, agent->conflicts, words.since_start);
}

void append_chain(std::string& out, const core::ChainReport& chain, const Request& request,
                  const Texts& words) {
  const auto seal = [&](const std::optional<core::Seal>& one) {
    return one ? fmt::format("{} ({})<br><code>{}</code>", one->seq,
                             local_time(one->sealed, request.zone), core::to_hex(one->hash))
               : std::string("–");
  };
  std::string read = grouped(chain.events);
  if (chain.unread != 0) read += "<br>" + filled(words.unread, grouped(chain.unread));
  if (chain.unsealed != 0) read += "<br>" + filled(words.unsealed, grouped(chain.unsealed));
  out += fmt::format(
      "<tr><td><code>{}</code></td><td>{}</td><td>{}</td><td>{}</td><td>{}</td></tr>\n",
      chain.chain ? core::to_string(*chain.chain) : "–", seal(chain.first), seal(chain.last), read,
      chain.ok() ? "OK" : filled("{}: {}", words.findings, chain.findings.size()));
}

void append_findings(std::string& out, const Integrity& integrity, const Texts& words) {
  std::size_t shown = 0;
  for (const auto& chain : integrity.chains) {
    for (const auto& finding : chain.findings) {
      if (++shown == 1) out += fmt::format("<h2>{}</h2>\n<ul>\n", words.findings);
      if (shown > kMostFindings) continue;
      out += fmt::format("<li>{}: ", finding.batch);
      append_html(out, finding.problem);
      out += "</li>\n";
    }
  }
  if (shown > 0) out += "</ul>\n";
  if (shown > kMostFindings)
    out += fmt::format("<p class=\"note\">{}</p>\n", filled(words.more, shown - kMostFindings));
}

}  // namespace

std::string local_time(core::Time time, const core::Zone& zone) {
  const auto local = std::chrono::floor<std::chrono::milliseconds>(time + zone.offset_at(time));
  std::string text = core::format_time(core::Time(local));
  text.pop_back();
  text[10] = ' ';
  return text;
}

void append_opening(std::string& out, const Head& head) {
  const Request& request = head.request;
  const Texts& words = texts(request.language);
  const auto period =
      fmt::format("{} – {} ({} {})", local_time(request.since, request.zone),
                  local_time(request.until, request.zone), words.zone, request.zone.name());
  out +=
      fmt::format("<!doctype html>\n<html lang=\"{}\"><head><meta charset=\"utf-8\"><title>{} {}",
                  words.lang, words.title, local_time(request.since, request.zone));
  out += fmt::format(" – {}</title>{}</head><body>\n<h1>{}</h1>\n<dl>\n",
                     local_time(request.until, request.zone), kStyle, words.title);
  append_item(out, words.period, period);
  append_item(out, words.filter, filter_text(request, words));
  append_item(out, words.made, local_time(head.made, request.zone));
  append_item(out, words.by, head.by == "anonymous" ? std::string(words.anonymous) : head.by);
  append_item(out, words.agent, fmt::format("{}, kcloud-logger {}", head.agent, head.version));
  if (head.backend == Backend::kJournal) {
    append_item(out, words.event,
                fmt::format("{} ({} {}-{})", head.event, words.position, head.epoch, head.head));
  } else {
    append_item(out, words.event, head.event);
    append_item(out, words.source, words.all_agents);
  }
  out += "</dl>\n";
}

void append_overview(std::string& out, const Head& head, const Summary& summary,
                     const Integrity& integrity) {
  const Texts& words = texts(head.request.language);
  const auto verdict = integrity.verdict();
  out += fmt::format("<p class=\"verdict {}\">{}</p>\n<div class=\"figures\">\n", verdict,
                     verdict == "ok"        ? words.ok
                     : verdict == "damaged" ? words.damaged
                                            : words.none);
  append_figure(out, words.events, summary.rows);
  append_figure(out, words.actors, summary.actors.all().size());
  append_figure(out, words.gaps, summary.gaps.count());
  append_agent_figures(out, summary.kept.agent, words);
  out += "</div>\n<div class=\"charts\">\n";
  append_histogram(out, summary.histogram, head.request, words);
  append_types(out, summary, head.request, words);
  out += "</div>\n<dl>\n";
  append_names(out, words.actors, summary.actors, words);
  append_names(out, words.outcomes, summary.outcomes, words);
  append_names(out, words.agents, summary.agents, words);
  if (summary.kept.agent)
    append_names(out, words.dead_letters, summary.kept.agent->dead_letters, words);
  append_item(out, words.retention, retention_text(summary.kept, head.request, words));
  if (!summary.kept.agent) append_item(out, words.of_agents, words.not_known);
  out += "</dl>\n";
  append_gaps(out, summary.gaps, head, words);
}

void append_proof(std::string& out, const Head& head, const Integrity& integrity) {
  const Texts& words = texts(head.request.language);
  out += fmt::format("<h2>{}</h2>\n", words.integrity);
  if (!integrity.chains.empty()) {
    out += fmt::format(
        "<table class=\"rows\"><thead><tr><th>{}</th><th>{}</th><th>{}</th><th>{}</th><th>{}</th>"
        "</tr></thead><tbody>\n",
        words.chain, words.first, words.last, words.batches, words.verdict);
    for (const auto& chain : integrity.chains) append_chain(out, chain, head.request, words);
    out += "</tbody></table>\n";
  }
  append_findings(out, integrity, words);
  out += "<dl>\n";
  std::string checkpoints =
      filled(words.verified, integrity.checkpoints, integrity.verified, integrity.forged);
  if (integrity.undelivered.value_or(0) != 0)
    checkpoints += " " + filled(words.undelivered, *integrity.undelivered);
  append_item(out, words.checkpoints, checkpoints);
  append_item(out, words.key_id,
              integrity.key_id.empty() ? words.no_key : std::string_view(integrity.key_id));
  out += fmt::format("<dt>{}</dt><dd><code>", words.verify);
  append_html(out, integrity.command);
  out += fmt::format("</code><br><span class=\"note\">{}</span></dd>\n</dl>\n",
                     head.backend == Backend::kJournal ? words.verify_note : words.verify_note_all);
}

}  // namespace kcloud::report
