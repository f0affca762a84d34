// GET, POST and DELETE of /exporters/{name}/replay: reading the request and showing the progress.
// Pure.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "agent/api/context.h"
#include "agent/delivery/replay.h"
#include "agent/http/url.h"
#include "core/time.h"

namespace kcloud::api {

// What a replay needs of the exporter `name`; nullopt: there is none.
std::optional<delivery::ReplaySink> replay_sink(const std::vector<ExporterView>& exporters,
                                                const std::string& name);

struct ReplayRequest {
  delivery::ReplayRange range;
  std::string error;  // not empty: a sentence for a 400
};
// `from`, `to` (default: now), `time` (`received` or `event`) and `after` (a position of this
// journal, whose `epoch` is given).
ReplayRequest parse_replay(const http::Parameters& parameters, core::Time now,
                           const core::Zone& zone, std::string_view epoch);

// A JSON object; `remaining` and `rate` as of `now`.
std::string replay_json(const std::string& exporter, const delivery::ReplayStatus& status,
                        core::Time now, std::string_view epoch);

}  // namespace kcloud::api
