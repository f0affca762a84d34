// `audit verify`: whether what is stored is what was sealed.
#pragma once

#include <string>

namespace kcloud::cli {

struct AuditOptions {
  std::string data_dir;
  std::string pg;  // connection URI or `key=value …` of a database; empty: the data directory
  std::string pg_schema;    // empty: the exporter's default
  std::string config_file;  // with `pg`: whose catalogue says what the columns mean
  std::string from, to;     // RFC 3339 or a date (UTC), of when a batch was sealed; empty: no bound
  std::string heads;        // file of checkpoints or seals kept elsewhere; `-`: standard input
  std::string public_key;   // file; all of them must be signed with its key
  bool json = false;
};

// 0: all fits; 1: something does not; 2: it could not be checked.
int verify_audit(const AuditOptions& options);

}  // namespace kcloud::cli
