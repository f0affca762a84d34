#include "exporters/postgres/schema.h"

#include <fmt/format.h>

#include <algorithm>

#include "exporters/postgres/migrations.h"

namespace kcloud::postgres {
namespace {

Existing columns_of_events(Connection& connection) {
  const auto found = connection.run(
      "SELECT a.attname::text, t.typname::text FROM pg_attribute a JOIN pg_type t ON t.oid = "
      "a.atttypid WHERE a.attrelid = to_regclass('audit_event') AND a.attnum > 0 AND NOT "
      "a.attisdropped");
  Existing columns;
  for (std::size_t row = 0; row < found.rows(); ++row)
    columns.emplace(found.value(row, 0), found.value(row, 1));
  return columns;
}

bool complete(const Layout& layout, const Existing& existing) {
  return std::ranges::all_of(layout.columns,
                             [&](const Column& column) { return existing.contains(column.name); });
}

// Fields without a column in the table are left to the body.
Layout as_far_as(Layout layout, const Existing& existing) {
  std::vector<std::size_t> moved;
  std::vector<Column> kept;
  for (const auto& column : layout.columns) {
    moved.push_back(existing.contains(column.name) ? kept.size() : kNoColumn);
    if (moved.back() != kNoColumn) kept.push_back(column);
  }
  for (auto& slots : layout.slots)
    for (auto& slot : slots)
      if (slot != kNoColumn) slot = moved[slot];
  layout.columns = std::move(kept);
  layout.fill();
  return layout;
}

std::string view_statement(const core::EventType& type, const Layout& layout) {
  std::string columns;
  for (const auto& name : base_columns()) columns += fmt::format("\"{}\", ", name);
  const auto& slots = layout.slots[type.index];
  for (std::size_t slot = 0; slot < slots.size(); ++slot) {
    if (slots[slot] == kNoColumn) continue;
    const auto& column = layout.columns[slots[slot]].name;
    if (std::ranges::find(base_columns(), column) == base_columns().end())
      columns += fmt::format("\"{}\", ", column);
  }
  // A view that another one is built on stays as it is.
  return fmt::format(
      "DO $view$ BEGIN DROP VIEW IF EXISTS \"events_{0}\"; CREATE VIEW \"events_{0}\" AS SELECT "
      "{1}column_errors FROM audit_event WHERE type = '{2}'; "
      "EXCEPTION WHEN dependent_objects_still_exist THEN NULL; END $view$;",
      type.name.substr(0, 56), columns, type.name);
}

std::string grants(const Config& config) {
  std::string out;
  if (!config.writer_role.empty())
    out += fmt::format(
        "GRANT USAGE ON SCHEMA \"{0}\" TO \"{1}\"; GRANT SELECT ON ALL TABLES IN SCHEMA \"{0}\" TO "
        "\"{1}\"; GRANT INSERT ON audit_event, audit_seen, audit_batch TO "
        "\"{1}\"; GRANT INSERT, UPDATE ON event_rollup TO \"{1}\"; GRANT INSERT, UPDATE, "
        "DELETE ON rollup_name, rollup_series, rollup_cell, rollup_mark, rollup_pending, "
        "rollup_state TO \"{1}\"; GRANT EXECUTE ON FUNCTION "
        "audit_make_partitions(date, date), audit_make_id_partitions(date[]), "
        "audit_retain(integer, text) TO \"{1}\";",
        config.schema, config.writer_role);
  if (!config.reader_role.empty())
    out += fmt::format(
        "GRANT USAGE ON SCHEMA \"{0}\" TO \"{1}\"; GRANT SELECT ON ALL TABLES IN SCHEMA \"{0}\" TO "
        "\"{1}\";",
        config.schema, config.reader_role);
  return out;
}

void migrate(Connection& connection, const Config& config, const core::Catalogue& catalogue) {
  // Agents that start at the same time wait for one another.
  connection.script("BEGIN; SELECT pg_advisory_xact_lock(hashtext('kcloud audit schema'))");
  // By its name: while it is not there, the first schema of the path is the temporary one.
  if (connection
          .run("SELECT 1 FROM pg_namespace WHERE nspname = $1",
               {parameter(Type::kText, config.schema)})
          .rows() == 0)
    connection.script(fmt::format("CREATE SCHEMA IF NOT EXISTS \"{}\"", config.schema));
  connection.script(
      "CREATE TABLE IF NOT EXISTS audit_schema (version integer PRIMARY KEY, applied_at "
      "timestamptz NOT NULL DEFAULT now())");
  for (int version = schema_version(connection); version < kSchemaVersion; ++version) {
    for (const auto part : migrations()[static_cast<std::size_t>(version)])
      connection.script(std::string(part));
    connection.script(fmt::format("INSERT INTO audit_schema (version) VALUES ({})", version + 1));
  }
  const auto layout = layout_of(catalogue, columns_of_events(connection));
  std::string statements;
  for (const auto& column : layout.columns)
    statements += fmt::format("ALTER TABLE audit_event ADD COLUMN IF NOT EXISTS \"{}\" {};",
                              column.name, sql_type(column.type));
  for (const auto& type : catalogue.types()) statements += view_statement(type, layout);
  connection.script(statements + grants(config) + "COMMIT");
}

}  // namespace

void check_encoding(const Connection& connection) {
  const std::string encoding = connection.setting("server_encoding");
  if (encoding != "UTF8")
    throw Error("0A000", fmt::format("the database has the encoding {}, expected UTF8", encoding));
}

int schema_version(Connection& connection) {
  if (connection.run("SELECT 1 WHERE to_regclass('audit_schema') IS NOT NULL").rows() == 0)
    return 0;
  const auto found = connection.run("SELECT coalesce(max(version), 0)::bigint FROM audit_schema");
  return static_cast<int>(read_bigint(found.value(0, 0)));
}

Layout prepare_schema(Connection& connection, const Config& config,
                      const core::Catalogue& catalogue) {
  int version = schema_version(connection);
  Existing existing = columns_of_events(connection);
  if (config.migrate && version <= kSchemaVersion &&
      (version < kSchemaVersion || !complete(layout_of(catalogue, existing), existing))) {
    try {
      migrate(connection, config, catalogue);
    } catch (const Error& error) {
      // A writer without the owner's rights lives with the columns that there are.
      if (error.state != "42501" || version != kSchemaVersion) throw;
      connection.script("ROLLBACK");
    }
    version = schema_version(connection);
    existing = columns_of_events(connection);
  }
  if (version != kSchemaVersion)
    throw Error("3F000", fmt::format("schema {} has version {}, expected {}{}", config.schema,
                                     version, kSchemaVersion,
                                     version > kSchemaVersion ? ": a newer agent made it"
                                                              : "; `migrate: true` makes it"));
  return as_far_as(layout_of(catalogue, existing), existing);
}

}  // namespace kcloud::postgres
