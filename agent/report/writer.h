// Writes a report piece by piece in one format. Pure.
//
// Whatever the format, the last line holds the SHA-256 of all lines before it (docs/reports.md).
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "agent/report/row.h"
#include "agent/report/summary.h"

namespace kcloud::report {

class Writer {
 public:
  virtual ~Writer() = default;
  // In this order; each appends what can be sent.
  virtual void begin(std::string& out, const Head& head) = 0;
  virtual void row(std::string& out, const Row& row) = 0;
  virtual void end(std::string& out, const Summary& summary, const Integrity& integrity) = 0;
  // The last line. `sha256`: of all that the others appended, in hex.
  virtual void close(std::string& out, std::string_view sha256) = 0;
};

std::unique_ptr<Writer> make_writer(Format format);

std::unique_ptr<Writer> json_writer();
std::unique_ptr<Writer> json_lines_writer();
std::unique_ptr<Writer> csv_writer();
std::unique_ptr<Writer> html_writer();

std::string_view content_type(Format format);

}  // namespace kcloud::report
