// The collectors and exporters this agent knows, one line each.
#pragma once

#include <memory>
#include <vector>

#include "config/config.h"
#include "core/collector.h"
#include "core/collector_context.h"
#include "core/exporter.h"

namespace kcloud::agent {

// For reading the configuration.
config::Plugins plugins();

// The collector an entry describes. Makes no network call and reads no file.
std::unique_ptr<core::Collector> make_collector(const config::CollectorConfig& collector,
                                                core::CollectorContext context);

// Sets in `hints` what the `position` of one of the collector's dead letters still tells of its
// message, so that it gets the id that the collector would give it.
void recall(const config::CollectorConfig& collector, core::TransportHints& hints);

// The exporter an entry describes. Makes no network call.
std::unique_ptr<core::Exporter> make_exporter(const config::ExporterConfig& exporter,
                                              const config::Config& config);

}  // namespace kcloud::agent
