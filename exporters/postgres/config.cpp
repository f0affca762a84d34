#include "exporters/postgres/config.h"

#include <libpq-fe.h>

#include <algorithm>
#include <memory>
#include <string_view>

#include "config/show.h"

namespace kcloud::postgres {
namespace {

using std::chrono::milliseconds;

void check_name(config::Section& section, std::string_view key, const std::string& name) {
  if (const auto problem = name_problem(name); !problem.empty()) section.fail(key, problem);
}

}  // namespace

// libpq's own message may quote what it read, so it is not shown.
std::string url_problem(const std::string& url) {
  const std::unique_ptr<PQconninfoOption, void (*)(PQconninfoOption*)> options(
      PQconninfoParse(url.c_str(), nullptr), PQconninfoFree);
  if (!options) return "expected postgresql://user@host:port/database or `key=value …` of libpq";
  for (const PQconninfoOption* option = options.get(); option->keyword != nullptr; ++option)
    if (std::string_view(option->keyword) == "password" && option->val != nullptr)
      return "expected no password in it; use `password`";
  return {};
}

// Names go into statements as they are.
std::string name_problem(const std::string& name) {
  const auto allowed = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_';
  };
  if (name.size() > 63 || !std::ranges::all_of(name, allowed) || (name[0] >= '0' && name[0] <= '9'))
    return "expected at most 63 of a-z, 0-9 and _, no digit first";
  return {};
}

Config parse(config::Section& section) {
  Config config;
  section.read("url", config.url);
  section.read("password", config.password);
  section.read("schema", config.schema);
  section.read("migrate", config.migrate);
  section.read("writer_role", config.writer_role);
  section.read("reader_role", config.reader_role);
  section.read("connect_timeout", config.connect_timeout, milliseconds(100), milliseconds(60'000));
  section.read("statement_timeout", config.statement_timeout, milliseconds(1'000),
               milliseconds(600'000));
  section.read("retention_days", config.retention_days, 30, 36'500);
  if (const auto problem = url_problem(config.url); !problem.empty()) section.fail("url", problem);
  if (config.schema.empty()) section.fail("schema", "must name a schema");
  check_name(section, "schema", config.schema);
  check_name(section, "writer_role", config.writer_role);
  check_name(section, "reader_role", config.reader_role);
  return config;
}

std::string show(const Config& config) {
  std::string out = "{";
  const config::Shower show{out};
  show("url", config.url);
  show("password", config.password);
  show("schema", config.schema);
  show("migrate", config.migrate);
  show("writer_role", config.writer_role);
  show("reader_role", config.reader_role);
  show("connect_timeout", config.connect_timeout);
  show("statement_timeout", config.statement_timeout);
  show("retention_days", config.retention_days);
  return out + "}";
}

config::ExporterPlugin plugin() {
  auto made = config::exporter_plugin<Config>("postgres", true, parse, show);
  made.needs_audit = true;
  // A transaction costs the same for few rows and many.
  made.delivery.batch_events = 10'000;
  made.delivery.batch_bytes = std::uint64_t{8} << 20;
  return made;
}

}  // namespace kcloud::postgres
