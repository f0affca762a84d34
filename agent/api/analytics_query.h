// The parameters of the calls of /analytics: text to a request, or what is wrong with it. Pure.
#pragma once

#include <string>

#include "agent/analytics/request.h"
#include "agent/http/url.h"
#include "core/catalogue.h"
#include "core/time.h"

namespace kcloud::api {

struct AnalyticsQuery {
  analytics::Request request;
  bool csv = false;
  std::string error;  // not empty: a sentence for a 400
};

// `zone`: of days and of times without an offset, where the request names none.
AnalyticsQuery parse_analytics_query(const http::Parameters& parameters, analytics::Kind kind,
                                     core::Time now, const std::string& zone,
                                     const core::Catalogue& catalogue);

}  // namespace kcloud::api
