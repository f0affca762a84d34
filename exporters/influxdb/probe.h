// The steps of `check --online` at an InfluxDB: connect, login, database or bucket, write, read,
// remove. What is written is one marked point of the measurement `kcloud_probe`.
//
// A server that does not offer a question, or a login that may not ask it, skips that step; the
// write is what decides. The requests' own timeout bounds each step.
#pragma once

#include <functional>
#include <stop_token>
#include <string>
#include <string_view>
#include <vector>

#include "core/exporter.h"
#include "exporters/http_client/client.h"
#include "exporters/influxdb/config.h"

namespace kcloud::influxdb {

struct Probe {
  const Config& config;
  http_client::Client& client;
  // Puts one line on the wire as a delivery does.
  std::function<http_client::Response(std::string_view line)> write;
  std::stop_token stop;
  std::string mark;        // a text of this probe alone, of letters and digits
  std::int64_t nanos = 0;  // the point's time
};

std::vector<core::ProbeStep> run_probe(const Probe& probe);

}  // namespace kcloud::influxdb
