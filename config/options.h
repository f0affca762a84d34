// Every option of the configuration, once: its key, its member, its limits. Reading the file and
// showing what is in force are two visitors over this list, so they cannot differ. Internal to
// config/.
//
// A visitor has `operator()(key, member)` and `operator()(key, member, min, max)`, and
// `choice(key, member, allowed)`.
#pragma once

#include "config/config.h"

namespace kcloud::config {

inline constexpr milliseconds kShortest{1};
inline constexpr milliseconds kHour{std::chrono::hours(1)};
inline constexpr milliseconds kDay{std::chrono::hours(24)};
inline constexpr std::uint32_t kMostEvents = 1'000'000'000;  // of a quota
inline constexpr std::uint64_t kKiB = 1 << 10;
inline constexpr std::uint64_t kMiB = 1 << 20;
inline constexpr std::uint64_t kGiB = 1 << 30;

template <typename Visitor, typename Agent>
void visit_agent(Visitor&& visit, Agent& agent) {
  visit("name", agent.name);
  visit("cluster", agent.cluster);
  visit("data_dir", agent.data_dir);
  visit("default_zone", agent.default_zone);
  visit("tags", agent.tags);
  visit("shutdown_timeout", agent.shutdown_timeout, kShortest, kHour);
}

template <typename Visitor, typename Log>
void visit_log(Visitor&& visit, Log& log) {
  visit.choice("level", log.level, {"trace", "debug", "info", "warn", "error"});
  visit.choice("format", log.format, {"auto", "text", "json"});
}

template <typename Visitor, typename Quota>
void visit_quota(Visitor&& visit, Quota& quota) {
  visit("max_events_per_s", quota.max_events_per_s, 0u, kMostEvents);
  visit("burst_events", quota.burst_events, 0u, kMostEvents);
}

// Without the roles, which are checked one by one.
template <typename Visitor, typename Token>
void visit_token(Visitor&& visit, Token& token) {
  visit("name", token.name);
  visit("token", token.token);
  visit("token_file", token.token_file);
  visit_quota(visit, token.quota);
}

// Without the secrets, which are checked one by one.
template <typename Visitor, typename Signature>
void visit_signature(Visitor&& visit, Signature& signature) {
  visit("name", signature.name);
  visit.choice("scheme", signature.scheme, {"standard_webhooks", "github"});
  visit("secrets_file", signature.secrets_file);
  visit("tolerance", signature.tolerance, milliseconds(1000), kDay);
  visit_quota(visit, signature.quota);
}

template <typename Visitor, typename CloudEvents>
void visit_cloudevents(Visitor&& visit, CloudEvents& cloudevents) {
  visit("allowed_origins", cloudevents.allowed_origins);
  visit("allowed_rate", cloudevents.allowed_rate, 0u, 1'000'000'000u);
}

// Without tokens, signatures, anonymous_roles, tls and cloudevents, which need more than a line.
template <typename Visitor, typename Http>
void visit_http(Visitor&& visit, Http& http) {
  visit("listen", http.listen);
  visit("max_body_bytes", http.max_body_bytes, kKiB, kGiB);
  visit("max_header_bytes", http.max_header_bytes, 1024u, 1u << 20);
  visit("max_headers", http.max_headers, 8u, 10'000u);
  visit("max_connections", http.max_connections, 1u, 100'000u);
  visit("max_events_per_request", http.max_events_per_request, 1u, 1'000'000u);
  visit("max_pending_body_bytes", http.max_pending_body_bytes, kMiB, 64 * kGiB);
  visit("header_timeout", http.header_timeout, kShortest, kHour);
  visit("body_timeout", http.body_timeout, kShortest, kHour);
  visit("idle_timeout", http.idle_timeout, kShortest, kHour);
  visit("max_stream_clients", http.max_stream_clients, 0u, 100'000u);
  visit("stream_heartbeat", http.stream_heartbeat, kShortest, kHour);
  visit("anonymous_max_events_per_s", http.anonymous_max_events_per_s, 0u, kMostEvents);
  visit("anonymous_burst_events", http.anonymous_burst_events, 0u, kMostEvents);
}

// Without client_roles, which needs more than a line.
template <typename Visitor, typename Tls>
void visit_tls(Visitor&& visit, Tls& tls) {
  visit("certificate", tls.certificate);
  visit("key", tls.key);
  visit("client_ca", tls.client_ca);
  visit.choice("client_auth", tls.client_auth, {"none", "optional", "required"});
  visit.choice("min_version", tls.min_version, {"1.2", "1.3"});
}

template <typename Visitor, typename Intake>
void visit_intake(Visitor&& visit, Intake& intake) {
  visit("accept_unknown_types", intake.accept_unknown_types);
  visit("max_future", intake.max_future, milliseconds(0), 3660 * kDay);
  visit("max_age", intake.max_age, kHour, 36'600 * kDay);
  visit("max_event_bytes", intake.max_event_bytes, kKiB, 64 * kMiB);
  visit("dead_letter_body_bytes", intake.dead_letter_body_bytes, 0u, 16u << 20);
  visit("catalogue_files", intake.catalogue_files);
  visit("unwrap", intake.unwrap);
}

template <typename Visitor, typename Redact>
void visit_redact(Visitor&& visit, Redact& rule) {
  visit("name", rule.name);
  visit("type", rule.type);
  visit("path", rule.path);
  visit.choice("action", rule.action, {"drop", "mask", "hash"});
  visit("key", rule.key);
  visit("keep_last", rule.keep_last, 0u, 64u);
}

template <typename Visitor, typename Journal>
void visit_journal(Visitor&& visit, Journal& journal) {
  visit("max_bytes", journal.max_bytes, 16 * kMiB, kGiB << 20);
  visit("max_age", journal.max_age, kHour, 36'600 * kDay);
  visit("dedup_horizon", journal.dedup_horizon, kHour, 366 * kDay);
  visit("max_dead_letters", journal.max_dead_letters, 0u, 100'000'000u);
  visit("dead_letter_max_age", journal.dead_letter_max_age, kHour, 36'600 * kDay);
  visit("max_notifications", journal.max_notifications, 0u, 100'000'000u);
  visit("notification_max_age", journal.notification_max_age, kHour, 36'600 * kDay);
  visit("queue_bytes", journal.queue_bytes, kMiB, 4 * kGiB);
  visit("group_events", journal.group_events, 1u, 100'000u);
  visit("group_wait", journal.group_wait, milliseconds(0), milliseconds(1000));
}

template <typename Visitor, typename Audit>
void visit_audit(Visitor&& visit, Audit& audit) {
  visit("enabled", audit.enabled);
  visit("batch_events", audit.batch_events, 1u, 100'000u);
  visit("batch_wait", audit.batch_wait, milliseconds(10), kHour);
  visit("heartbeat", audit.heartbeat, milliseconds(1000), kDay);
  visit("agent_events", audit.agent_events);
  visit("checkpoint_interval", audit.checkpoint_interval, milliseconds(1000), 366 * kDay);
  visit("checkpoint_file", audit.checkpoint_file);
  visit("checkpoint_webhook", audit.checkpoint_webhook);
  visit("checkpoint_webhook_token", audit.checkpoint_webhook_token);
}

template <typename Visitor, typename Delivery>
void visit_delivery(Visitor&& visit, Delivery& delivery) {
  visit("batch_events", delivery.batch_events, 1u, 100'000u);
  visit("batch_bytes", delivery.batch_bytes, kKiB, kGiB);
  visit("batch_wait", delivery.batch_wait, milliseconds(0), kHour);
  visit("backoff_initial", delivery.backoff_initial, kShortest, kHour);
  visit("backoff_max", delivery.backoff_max, kShortest, kDay);
  visit("hold_interval", delivery.hold_interval, kShortest, kDay);
}

template <typename Visitor, typename Collector>
void visit_collector(Visitor&& visit, Collector& collector) {
  visit("enabled", collector.enabled);
  visit.choice("dedup", collector.dedup, {"id", "content", "position"});
  visit("batch_events", collector.batch_events, 1u, 100'000u);
  visit("backoff_initial", collector.backoff_initial, kShortest, kHour);
  visit("backoff_max", collector.backoff_max, kShortest, kDay);
}

// Without the notifiers.
template <typename Visitor, typename Alerting>
void visit_alerting(Visitor&& visit, Alerting& alerting) {
  visit("enabled", alerting.enabled);
  visit("default_rules", alerting.default_rules);
  visit("rules_directory", alerting.rules_directory);
  visit("snapshot_interval", alerting.snapshot_interval, milliseconds(1000), kDay);
  visit("external_url", alerting.external_url);
  visit("group_by", alerting.group_by);
  visit("group_wait", alerting.group_wait, milliseconds(0), kHour);
  visit("group_interval", alerting.group_interval, milliseconds(0), kDay);
  visit("notify_max_age", alerting.notify_max_age, milliseconds(1000), 36'600 * kDay);
  visit("retry_for", alerting.retry_for, milliseconds(1000), 366 * kDay);
}

// Without the objectives, which are checked one by one.
template <typename Visitor, typename Analytics>
void visit_analytics(Visitor&& visit, Analytics& analytics) {
  visit("enabled", analytics.enabled);
  visit("keep", analytics.keep, kDay, 36'600 * kDay);
}

template <typename Visitor, typename Query>
void visit_query(Visitor&& visit, Query& query) {
  visit.choice("backend", query.backend, {"local", "postgres"});
  visit("url", query.url);
  visit("password", query.password);
  visit("schema", query.schema);
  visit("connections", query.connections, 1u, 64u);
  visit("connect_timeout", query.connect_timeout, milliseconds(100), milliseconds(60'000));
  visit("statement_timeout", query.statement_timeout, milliseconds(100), milliseconds(600'000));
}

// What its type has, without headers, which are checked one by one.
template <typename Visitor, typename Notifier>
void visit_notifier(Visitor&& visit, Notifier& notifier) {
  visit("enabled", notifier.enabled);
  if (notifier.type == "alertmanager") {
    visit("urls", notifier.urls);
    visit("username", notifier.username);
    visit("password", notifier.password);
    visit("token", notifier.token);
    visit("resend_interval", notifier.resend_interval, milliseconds(1000), kHour);
  } else {
    visit("url", notifier.url);
    visit("send_resolved", notifier.send_resolved);
  }
  if (notifier.type == "webhook") visit("secret", notifier.secret);
  visit("timeout", notifier.timeout, milliseconds(100), milliseconds(300'000));
  visit("backoff_initial", notifier.backoff_initial, kShortest, kHour);
  visit("backoff_max", notifier.backoff_max, kShortest, kHour);
  visit("ca_file", notifier.ca_file);
  visit.choice("tls_verify", notifier.tls_verify, {"full", "none"});
}

}  // namespace kcloud::config
