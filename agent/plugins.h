// The exporters this agent knows, one line each.
#pragma once

#include <memory>
#include <vector>

#include "config/config.h"
#include "core/exporter.h"

namespace kcloud::agent {

// For reading the configuration.
std::vector<config::ExporterPlugin> exporter_plugins();

// The exporter an entry describes. Makes no network call.
std::unique_ptr<core::Exporter> make_exporter(const config::ExporterConfig& exporter,
                                              const config::AgentConfig& agent);

}  // namespace kcloud::agent
