// Alerts as Alertmanager takes them: elements of the array that `POST /api/v2/alerts` is given
// (https://github.com/prometheus/alertmanager, api/v2/openapi.yaml). Pure.
#pragma once

#include <span>
#include <string>
#include <string_view>

#include "core/time.h"
#include "rules/alert.h"

namespace kcloud::rules::notify {

// `ends_at`: of a resolved alert its end, not in the future; of a firing one when Alertmanager is
// to take it for over, unless it is sent again. Names that Alertmanager would refuse get `_` for
// what does not fit; the alert's value is an annotation `value`, unless there is one.
std::string alertmanager_alert(const Alert& alert, core::Time ends_at,
                               std::string_view external_url);

// The body of a request.
std::string alertmanager_body(std::span<const std::string> alerts);

}  // namespace kcloud::rules::notify
