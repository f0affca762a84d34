// Whether a report that arrives is whole: its last line has the SHA-256 of all lines before it
// (docs/reports.md). A pure state machine: bytes may be cut anywhere.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "core/sha256.h"

namespace kcloud::cli {

class ReportCheck {
 public:
  // `row`: how a line of an event begins in the report's format.
  explicit ReportCheck(std::string_view row) : row_(row) { hasher_.begin(); }

  void feed(std::string_view bytes);
  std::uint64_t rows() const { return rows_; }
  // After the last byte: the SHA-256 in hex; empty when the last line has another or none.
  std::string finish();

 private:
  std::string_view row_;
  std::string line_;  // the newest, whole or not; what was before it is hashed
  std::uint64_t rows_ = 0;
  core::Sha256Hasher hasher_;
};

}  // namespace kcloud::cli
