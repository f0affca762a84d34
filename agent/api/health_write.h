// The components of GET /health as JSON. Internal to api/.
#pragma once

#include <fmt/format.h>

#include <iterator>

#include "agent/api/health.h"
#include "core/json.h"

namespace kcloud::api {

// Members of one object, each written with its comma.
struct Writer {
  std::string& out;

  void text(std::string_view key, std::string_view value) {
    core::append_key(out, key);
    core::append_json_string(out, value);
  }
  void text_or_null(std::string_view key, std::string_view value) {
    if (!value.empty()) return text(key, value);
    core::append_key(out, key);
    out.append("null");
  }
  void number(std::string_view key, std::uint64_t value) {
    core::append_key(out, key);
    fmt::format_to(std::back_inserter(out), "{}", value);
  }
  void number(std::string_view key, double value) {
    core::append_key(out, key);
    core::append_json_number(out, value);
  }
  void boolean(std::string_view key, bool value) {
    core::append_key(out, key);
    out.append(value ? "true" : "false");
  }
  void time(std::string_view key, core::Time value) {
    text_or_null(key, value == core::Time{} ? std::string() : core::format_time(value));
  }
  void open(std::string_view key) {
    core::append_key(out, key);
    out.push_back('{');
  }
  void close() { out.push_back('}'); }
};

Level rules_level(const RulesHealth& rules);
Level rollups_level(const analytics::LoopStatus& rollups);
Level fleet_level(const fleet::Fleet::Status& fleet);
Level files_level(const CredentialFiles::Report& files);
Level notifier_level(const NotifierHealth& notifier);

void write_journal(Writer& json, const HealthInput& input);
void write_audit(Writer& json, const HealthInput& input);
void write_webhook(Writer& json, const HealthInput& input);
void write_forward(Writer& json, const ForwardHealth& forward);
void write_files(Writer& json, const HealthInput& input);
void write_tls(Writer& json, const http::TlsStatus& tls, core::Time now, bool details);
void write_exporter(Writer& json, const ExporterHealth& exporter, bool details);
void write_collector(Writer& json, const CollectorHealth& collector, bool details);
void write_rules(Writer& json, const RulesHealth& rules, bool details);
void write_rollups(Writer& json, const analytics::LoopStatus& rollups, bool details);
void write_fleet(Writer& json, const fleet::Fleet::Status& fleet, bool details);
void write_notifier(Writer& json, const NotifierHealth& notifier, bool details);
void write_orphans(Writer& json, const HealthInput& input);

}  // namespace kcloud::api
