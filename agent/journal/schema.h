// The journal's tables. docs/journal.md describes the format; `kSchemaVersion` stands in PRAGMA
// user_version.
#pragma once

#include <cstdint>
#include <string>

#include "agent/journal/sqlite.h"

namespace kcloud::journal {

constexpr int kSchemaVersion = 6;
constexpr int kPageSize = 8192;
constexpr int kBucketBits = 14;  // events are bucketed by seq >> 14 for the workload index
constexpr std::uint32_t kMaxTypeSlots = 256;  // further type names share slot 0

// Columns of `events` in the order of every SELECT here. `check` is the first 8 bytes of
// SHA-256(body).
inline constexpr const char* kEventColumns =
    "seq,id,time,received,type,type_name,source,workload,cluster,severity,collector,agent,flags,"
    "\"check\",body,via";
// Meta key: the workload index holds every event up to this seq.
inline constexpr const char* kWorkloadsUpto = "workloads_upto";
constexpr std::size_t kWorkloadLag = 1024;  // most events that the workload index may lag

enum EventColumn : int {
  kSeq,
  kId,
  kTime,
  kReceived,
  kType,
  kTypeName,
  kSource,
  kWorkload,
  kCluster,
  kSeverity,
  kCollector,
  kAgent,
  kFlags,
  kCheck,
  kBody,
  kVia,  // since version 3; NULL in most rows
  kEventColumnCount
};

enum EventFlag : std::int64_t {
  kZoneAssumed = 1,
  kKeyed = 2,
  kTimeTransport = 4,
  kTimeArrival = 8
};

// Sets the connection up as the one writer and makes the tables when the file is new. Throws
// SqliteError, and std::runtime_error when the file was written by a newer version.
void prepare_writer(Database& db);
void prepare_reader(Database& db);

// kEventColumns of this file: a journal of an earlier version, opened for reading, has not all of
// them.
std::string event_columns(Database& db);

std::string meta(Database& db, const std::string& key);
void set_meta(Database& db, const std::string& key, const std::string& value);

// UTC day of an id's time, and the name of its `seen` table.
std::int64_t day_of_ms(std::int64_t unix_ms);
std::string seen_table(std::int64_t day);

}  // namespace kcloud::journal
