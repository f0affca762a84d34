#include "agent/report/audit_event.h"

#include <array>
#include <string>

#include "agent/audit/own_event.h"
#include "core/json.h"

namespace kcloud::report {
namespace {

constexpr std::array<std::string_view, 4> kFormats{"json", "jsonl", "csv", "html"};

}  // namespace

void append_audit_event(const Request& request, std::string_view by, std::string_view agent,
                        core::Time now, core::Decoder& decoder, core::EventBatch& batch) {
  std::string detail = "{";
  core::append_member(detail, "since", core::format_time(request.since));
  core::append_member(detail, "until", core::format_time(request.until));
  core::append_member(detail, "zone", request.zone.name());
  core::append_member(detail, "type", request.type);
  core::append_member(detail, "cluster", request.cluster);
  core::append_member(detail, "workload", request.workload);
  core::append_member(detail, "actor", request.actor);
  core::append_member(detail, "format", kFormats[static_cast<std::size_t>(request.format)]);
  detail += "}";
  audit::append_own_event({"report_exported", std::string(by), "/reports/audit", detail}, agent,
                          now, decoder, batch);
}

}  // namespace kcloud::report
