// Seals as points of the measurement `audit_seal`, one each: tags `chain` and those of the agent
// and the exporter, fields seq, events, total_events, journal_end (integers), root, prev, hash
// (hex).
//
// The time is when it was sealed, to the millisecond; the digits below are made of the seal's
// number and hash. So two seals of a chain never meet, the same one is the same point however often
// it is written, and one that was changed later does not take its place but stands beside it, but
// for one in a thousand. Pure.
#pragma once

#include <cstdint>
#include <map>
#include <string>

#include "core/seal.h"

namespace kcloud::influxdb {

class SealEncoder {
 public:
  // `fixed_tags`: name → text, unescaped; one that has the name of a field or of `chain` is left
  // out.
  explicit SealEncoder(const std::map<std::string, std::string>& fixed_tags);

  // Appends one line with its newline.
  void append(const core::Seal& seal, std::string& out) const;

 private:
  std::string before_, behind_;  // the chain's UUID, up to the fields
};

// Nanoseconds of a seal's point.
std::int64_t seal_nanos(const core::Seal& seal);

}  // namespace kcloud::influxdb
