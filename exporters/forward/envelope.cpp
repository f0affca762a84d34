#include "exporters/forward/envelope.h"

#include "core/forwarded.h"
#include "core/json.h"

namespace kcloud::forward {

EnvelopeEncoder::EnvelopeEncoder(std::string_view sender) {
  core::append_json_string(sender_, sender);
}

void EnvelopeEncoder::append(const core::Event& event, std::string& out) {
  out += "{\"id\":\"";
  core::append_id(out, event.id);
  out += "\",\"time\":\"";
  core::append_time(out, event.time);
  out += "\",\"received\":\"";
  core::append_time(out, event.received);
  out.push_back('"');
  core::append_member(out, "type", event.type_name);
  core::append_member(out, "source", event.source);
  core::append_member(out, "workload", event.workload);
  core::append_member(out, "cluster", event.cluster);
  core::append_member(out, "severity", event.severity);
  core::append_member(out, "collector", event.collector);
  out += ",\"agent\":";
  // An event that was imported from plain JSON may name nobody.
  if (event.agent.empty())
    out += sender_;
  else
    core::append_json_string(out, event.agent);
  out += ",\"via\":[";
  if (!event.via.empty()) out.append(event.via).push_back(',');
  out.append(sender_).append("],\"time_source\":\"").append(core::to_string(event.time_source));
  // Not every id that is no key's follows from the body: a position's does not, and a rule may have
  // redacted the body behind it.
  const bool from_body =
      !event.keyed && core::make_event_id(event.time, hasher_.hash(event.body)) == event.id;
  out.append("\",\"id_from\":\"")
      .append(event.keyed ? core::kIdFromKey
              : from_body ? core::kIdFromBody
                          : core::kIdFromOther);
  out.append(event.zone_assumed ? "\",\"zone_assumed\":true" : "\"");
  out.append(",\"body\":").append(event.body).append("}\n");
}

}  // namespace kcloud::forward
