// The parameters of GET /reports/audit, and what the headers ask for beside them: text to a
// request, or what is wrong with it. Pure.
#pragma once

#include <string>
#include <string_view>

#include "agent/http/url.h"
#include "agent/report/request.h"
#include "core/catalogue.h"
#include "core/time.h"

namespace kcloud::api {

struct ReportQuery {
  report::Request request;
  int status = 400;   // of the answer, when there is an error
  std::string error;  // not empty: a sentence
};

// `accept`, `accept_language`: the header fields, empty when absent; a parameter goes before them.
// `zone`: of the report and of times without an offset, where the request names none.
ReportQuery parse_report_query(const http::Parameters& parameters, std::string_view accept,
                               std::string_view accept_language, core::Time now,
                               const std::string& zone, const core::Catalogue& catalogue);

}  // namespace kcloud::api
