#include "agent/api/render.h"

#include "core/csv.h"
#include "core/json.h"

namespace kcloud::api {

namespace {

constexpr std::string_view kCsvHead =
    "id,seq,time,received,type,source,workload,cluster,severity,actor,reason,collector,agent,"
    "body\r\n";

void append_csv_row(std::string& out, const core::Event& event, std::string_view epoch) {
  core::append_id(out, event.id);
  out.push_back(',');
  if (event.seq != 0) out.append(format_position(epoch, event.seq));  // else of no journal
  out.push_back(',');
  core::append_time(out, event.time);
  out.push_back(',');
  core::append_time(out, event.received);
  for (std::string_view text :
       {event.type_name, event.source, event.workload, event.cluster, event.severity, event.actor,
        event.reason, event.collector, event.agent, event.body}) {
    out.push_back(',');
    core::append_csv_cell(out, text);
  }
  out.append("\r\n");
}

std::string_view content_type(Format format) {
  switch (format) {
    case Format::kNdjson:
      return "application/x-ndjson";
    case Format::kCsv:
      return "text/csv; charset=utf-8; header=present";
    case Format::kJson:
      break;
  }
  return "application/json";
}

void append_tail(std::string& out, const journal::Page& page, const std::string& next) {
  out.append("],\"next\":");
  if (next.empty()) {
    out.append("null");
  } else {
    core::append_json_string(out, next);
  }
  if (page.stopped_early && page.next) {
    out.append(",\"scanned_until\":\"");
    core::append_time(out, page.next->time);
    out.push_back('"');
  }
  out.append("}\n");
}

}  // namespace

Rendered render_page(journal::Page& page, const EventQuery& query, std::string_view epoch,
                     core::Decoder& decoder, std::size_t max_bytes) {
  Rendered rendered{content_type(query.format), {}, {}};
  std::string& out = rendered.body;
  if (query.format == Format::kJson) out = "{\"events\":[";
  if (query.format == Format::kCsv) out = kCsvHead;
  auto& events = page.batch.events;
  for (std::size_t i = 0; i < events.size(); ++i) {
    if (i > 0 && out.size() > max_bytes) {
      page.next = journal::PageKey{events[i - 1].time, events[i - 1].id};
      page.stopped_early = false;
      break;
    }
    decoder.complete(events[i], page.batch);
    if (query.format == Format::kCsv) {
      append_csv_row(out, events[i], epoch);
      continue;
    }
    if (query.format == Format::kJson) core::append_comma(out);
    core::append_event_json(out, events[i], epoch);
    if (query.format == Format::kNdjson) out.push_back('\n');
  }
  if (page.next) rendered.next = encode_cursor(*page.next, query.query.order);
  if (query.format == Format::kJson) append_tail(out, page, rendered.next);
  return rendered;
}

}  // namespace kcloud::api
