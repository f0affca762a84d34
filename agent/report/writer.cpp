#include "agent/report/writer.h"

namespace kcloud::report {

std::unique_ptr<Writer> make_writer(Format format) {
  switch (format) {
    case Format::kJsonLines:
      return json_lines_writer();
    case Format::kCsv:
      return csv_writer();
    case Format::kHtml:
      return html_writer();
    case Format::kJson:
      break;
  }
  return json_writer();
}

std::string_view content_type(Format format) {
  switch (format) {
    case Format::kJsonLines:
      return "application/x-ndjson";
    case Format::kCsv:
      return "text/csv; charset=utf-8; header=present";
    case Format::kHtml:
      return "text/html; charset=utf-8";
    case Format::kJson:
      break;
  }
  return "application/json";
}

}  // namespace kcloud::report
