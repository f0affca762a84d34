// The tables, their versions and how they are made.
#pragma once

#include "core/catalogue.h"
#include "exporters/postgres/config.h"
#include "exporters/postgres/connection.h"
#include "exporters/postgres/layout.h"

namespace kcloud::postgres {

constexpr int kSchemaVersion = 2;

// Throws Error: 0A000 when it is not UTF8.
void check_encoding(const Connection& connection);

// 0: there is none.
int schema_version(Connection& connection);

// Makes or completes the schema where the role may and returns where fields go; with `migrate:
// false` it only reads. Throws Error: 3F000 when the version does not fit.
Layout prepare_schema(Connection& connection, const Config& config,
                      const core::Catalogue& catalogue);

}  // namespace kcloud::postgres
