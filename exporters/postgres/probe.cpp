// The steps of `check --online`.
#include <fmt/format.h>

#include "exporters/postgres/exporter.h"
#include "exporters/postgres/schema.h"

namespace kcloud::postgres {

std::vector<core::ProbeStep> Exporter::probe() {
  using Outcome = core::ProbeStep::Outcome;
  std::vector<core::ProbeStep> steps{{"connect"}, {"schema"}, {"write"}};
  std::size_t step = 0;
  try {
    Connection connection(config_, stop_fd_);
    check_encoding(connection);
    const auto version = connection.server_version();
    steps[step++] = {"connect", Outcome::kPassed,
                     fmt::format("PostgreSQL {}.{}", version / 10'000, version % 10'000)};
    const int schema = schema_version(connection);
    if (schema == 0 && config_.migrate) {
      steps[1].detail = "there is none yet; the agent makes it when it connects first";
      steps[2].detail = "no schema to write to yet";
      return steps;
    }
    if (schema < kSchemaVersion && config_.migrate) {
      steps[1].detail = fmt::format("version {}; the agent brings it to {} when it connects first",
                                    schema, kSchemaVersion);
      steps[2].detail = "not before that";
      return steps;
    }
    if (schema != kSchemaVersion)
      throw Error("3F000", fmt::format("version {}, expected {}", schema, kSchemaVersion));
    steps[step++] = {"schema", Outcome::kPassed, fmt::format("version {}", schema)};
    // Whoever waits for a lock makes others wait behind it.
    connection.script(
        "BEGIN; SET LOCAL lock_timeout = '2s'; SELECT audit_make_partitions(current_date, "
        "current_date); "
        "INSERT INTO audit_event (ingest_day, event_id, time, time_ns) VALUES (current_date, "
        "gen_random_uuid(), now(), 0); INSERT INTO audit_batch VALUES (gen_random_uuid(), 1, "
        "current_date, 0, 0, 0, '', '', '', '', '', '', now()); ROLLBACK");
    steps[step] = {"write", Outcome::kPassed, "a row and a batch, rolled back"};
  } catch (const Error& error) {
    steps[step].outcome = Outcome::kFailed;
    steps[step].detail = error.what();
    for (++step; step < steps.size(); ++step) steps[step].detail = "not reached";
  }
  return steps;
}

}  // namespace kcloud::postgres
