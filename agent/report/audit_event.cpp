#include "agent/report/audit_event.h"

#include <fmt/format.h>

#include <array>
#include <stdexcept>
#include <string>
#include <vector>

#include "core/json.h"

namespace kcloud::report {
namespace {

constexpr std::array<std::string_view, 4> kFormats{"json", "jsonl", "csv", "html"};

}  // namespace

void append_audit_event(const Request& request, std::string_view by, std::string_view agent,
                        core::Time now, core::Decoder& decoder, core::EventBatch& batch) {
  std::string body = R"json({"event_type":"agent_audit")json";
  core::append_member(body, "timestamp", core::format_time(now));
  core::append_member(body, "source", "kcloud-logger");
  core::append_member(body, "action", "report_exported");
  core::append_member(body, "actor", by);
  core::append_member(body, "target", "/reports/audit");
  core::append_key(body, "detail");
  body += "{";
  core::append_member(body, "since", core::format_time(request.since));
  core::append_member(body, "until", core::format_time(request.until));
  core::append_member(body, "zone", request.zone.name());
  core::append_member(body, "type", request.type);
  core::append_member(body, "cluster", request.cluster);
  core::append_member(body, "workload", request.workload);
  core::append_member(body, "actor", request.actor);
  core::append_member(body, "format", kFormats[static_cast<std::size_t>(request.format)]);
  body += "}}";
  core::TransportHints hints;
  hints.from_agent = true;
  hints.collector = "audit";
  hints.agent = agent;
  hints.received = now;
  std::vector<core::FieldError> errors;
  std::vector<std::string_view> warnings;
  if (!decoder.decode(body, hints, batch, errors, warnings))
    throw std::runtime_error(fmt::format("the event that tells of the report is refused: {} {}",
                                         errors.front().path, errors.front().problem));
}

}  // namespace kcloud::report
