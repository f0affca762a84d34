#include "config/show.h"

#include "config/options.h"
#include "config/scalar.h"

namespace kcloud::config {

using core::append_comma;
using core::append_json_string;
using core::append_key;

namespace {

template <typename Pairs>
void append_object(std::string& out, const Pairs& pairs) {
  out += '{';
  for (const auto& [key, text] : pairs) {
    append_comma(out);
    append_json_string(out, key);
    out += ':';
    append_json_string(out, text);
  }
  out += '}';
}

template <typename Entries, typename Members>
void append_list(std::string& out, std::string_view key, const Entries& entries, Members members) {
  append_key(out, key);
  out += '[';
  for (const auto& entry : entries) {
    append_comma(out);
    out += '{';
    members(Shower{out}, entry);
    out += '}';
  }
  out += ']';
}

// The keys of its own that the entry's plugin shows.
template <typename Entry, typename Plugin>
void append_own(std::string& out, const Entry& entry, const std::vector<Plugin>& plugins) {
  for (const auto& plugin : plugins) {
    if (plugin.type != entry.type || !plugin.show) continue;
    const std::string own = plugin.show(entry.options.get());
    if (own.size() <= 2) continue;  // `{}`
    append_comma(out);
    out += own.substr(1, own.size() - 2);
  }
}

void append_exporter(std::string& out, const ExporterConfig& exporter, const Plugins& plugins) {
  append_json_string(out, exporter.name);
  out += ":{";
  const Shower show{out};
  show("type", exporter.type);
  show("enabled", exporter.enabled);
  show("required", exporter.required);
  visit_delivery(show, exporter.delivery);
  append_own(out, exporter, plugins.exporters);
  out += '}';
}

void append_collector(std::string& out, const CollectorConfig& collector, const Plugins& plugins) {
  append_json_string(out, collector.name);
  out += ":{";
  const Shower show{out};
  show("type", collector.type);
  visit_collector(show, collector);
  append_own(out, collector, plugins.collectors);
  out += '}';
}

void append_notifier(std::string& out, const NotifierConfig& notifier) {
  append_json_string(out, notifier.name);
  out += ":{";
  const Shower show{out};
  show("type", notifier.type);
  visit_notifier(show, notifier);
  if (notifier.type == "webhook") {
    std::map<std::string, std::string> masked;
    for (const auto& [name, value] : notifier.headers) masked[name] = "***";
    show("headers", masked);
  }
  out += '}';
}

void append_objective(std::string& out, const ObjectiveConfig& objective) {
  append_json_string(out, objective.name);
  out += ":{";
  const Shower show{out};
  show("kind", objective.kind);
  show("target", objective.target);
  if (objective.kind == "latency") {
    show("type", objective.type);
    show("field", objective.field);
    show("at_most", objective.at_most);
  } else if (objective.kind == "events") {
    show("total", objective.total.value());
    show("good", objective.good.value());
  }
  out += '}';
}

void append_redact(std::string& out, const std::vector<RedactConfig>& rules) {
  append_key(out, "redact");
  out += '[';
  for (const auto& rule : rules) {
    append_comma(out);
    out += '{';
    visit_redact(Shower{out}, rule);
    out += '}';
  }
  out += ']';
}

template <typename Members>
void append_section(std::string& out, std::string_view key, Members members) {
  append_key(out, key);
  out += '{';
  members(Shower{out});
  out += '}';
}

}  // namespace

void append_value(std::string& out, const std::string& text) { append_json_string(out, text); }
void append_value(std::string& out, bool value) { out += value ? "true" : "false"; }
void append_value(std::string& out, std::uint32_t number) { out += std::to_string(number); }
void append_value(std::string& out, std::uint64_t number) { out += std::to_string(number); }
void append_value(std::string& out, double number) { core::append_json_number(out, number); }
void append_value(std::string& out, const Secret& secret) {
  out += secret.empty() ? "\"\"" : "\"***\"";
}
void append_value(std::string& out, milliseconds value) {
  append_json_string(out, format_duration(value));
}
void append_value(std::string& out, const std::vector<std::string>& texts) {
  out += '[';
  for (const auto& text : texts) {
    append_comma(out);
    append_json_string(out, text);
  }
  out += ']';
}
void append_value(std::string& out, const std::map<std::string, std::string>& texts) {
  append_object(out, texts);
}
void append_value(std::string& out, const std::vector<std::pair<std::string, std::string>>& texts) {
  append_object(out, texts);
}

std::string show_config(const Config& config, const Plugins& plugins) {
  std::string out = "{";
  append_section(out, "agent", [&](Shower show) { visit_agent(show, config.agent); });
  append_section(out, "log", [&](Shower show) { visit_log(show, config.log); });
  append_section(out, "http", [&](Shower show) {
    visit_http(show, config.http);
    append_list(out, "tokens", config.http.tokens, [](Shower list, const TokenConfig& token) {
      visit_token(list, token);
      list("roles", token.roles);
    });
    append_list(out, "signatures", config.http.signatures,
                [](Shower list, const SignatureConfig& signature) {
                  visit_signature(list, signature);
                  list("secrets", std::vector<std::string>(signature.secrets.size(), "***"));
                });
    show("anonymous_roles", config.http.anonymous_roles);
    append_section(out, "tls", [&](Shower show_tls) {
      visit_tls(show_tls, config.http.tls);
      show_tls("client_roles", config.http.tls.client_roles);
    });
    append_section(out, "cloudevents",
                   [&](Shower inner) { visit_cloudevents(inner, config.http.cloudevents); });
  });
  append_section(out, "intake", [&](Shower show) {
    visit_intake(show, config.intake);
    append_redact(out, config.intake.redact);
  });
  append_section(out, "journal", [&](Shower show) { visit_journal(show, config.journal); });
  append_section(out, "audit", [&](Shower show) { visit_audit(show, config.audit); });
  append_section(out, "collectors", [&](Shower) {
    for (const auto& collector : config.collectors) {
      append_comma(out);
      append_collector(out, collector, plugins);
    }
  });
  append_section(out, "exporters", [&](Shower) {
    for (const auto& exporter : config.exporters) {
      append_comma(out);
      append_exporter(out, exporter, plugins);
    }
  });
  append_section(out, "alerting", [&](Shower show) {
    visit_alerting(show, config.alerting);
    append_section(out, "notifiers", [&](Shower) {
      for (const auto& notifier : config.alerting.notifiers) {
        append_comma(out);
        append_notifier(out, notifier);
      }
    });
  });
  append_section(out, "analytics", [&](Shower show) {
    visit_analytics(show, config.analytics);
    append_section(out, "objectives", [&](Shower) {
      for (const auto& objective : config.analytics.objectives) {
        append_comma(out);
        append_objective(out, objective);
      }
    });
  });
  append_section(out, "query", [&](Shower show) { visit_query(show, config.query); });
  return out + "}";
}

}  // namespace kcloud::config
