// What an answer of InfluxDB means for the lines that were sent. Pure.
//
// A 400 does not mean that nothing was written: 1.x writes the good lines of a batch and answers
// 400 for the bad ones. Where the answer names every bad line, just those are rejected; where it
// counts as many dropped points as were sent, all are; else the batch is bisected, suspects apart.
// Answers that concern the configuration (401, 403, 404, redirects, other 4xx, a missing database
// or retention policy) hold, they never cost an event.
#pragma once

#include <span>
#include <string_view>

#include "core/exporter.h"
#include "exporters/http_client/client.h"

namespace kcloud::influxdb {

// `lines`: what was sent, in the order of the events, without newlines at the ends.
core::Delivery judge(const http_client::Response& response,
                     std::span<const std::string_view> lines);

}  // namespace kcloud::influxdb
