#include "agent/plugins.h"

#include <map>
#include <stdexcept>
#include <string>
#include <utility>

#include "agent/analytics/objectives.h"
#include "agent/startup.h"
#include "collectors/file/collector.h"
#include "collectors/file/config.h"
#include "collectors/kafka/collector.h"
#include "collectors/kafka/config.h"
#include "collectors/redis/collector.h"
#include "collectors/redis/config.h"
#include "collectors/redis/inbox.h"
#include "exporters/elasticsearch/config.h"
#include "exporters/elasticsearch/exporter.h"
#include "exporters/forward/config.h"
#include "exporters/forward/exporter.h"
#include "exporters/influxdb/config.h"
#include "exporters/influxdb/exporter.h"
#include "exporters/postgres/config.h"
#include "exporters/postgres/exporter.h"
#include "rollups/plan.h"

namespace kcloud::agent {

config::Plugins plugins() {
  return {{file::plugin(), kafka::plugin(), redis::plugin()},
          {elasticsearch::plugin(), forward::plugin(), influxdb::plugin(), postgres::plugin()}};
}

std::unique_ptr<core::Collector> make_collector(const config::CollectorConfig& collector,
                                                core::CollectorContext context) {
  if (collector.type == "file") {
    return std::make_unique<file::Collector>(
        *static_cast<const file::Config*>(collector.options.get()), std::move(context),
        collector.batch_events);
  }
  if (collector.type == "kafka") {
    return std::make_unique<kafka::Collector>(
        *static_cast<const kafka::Config*>(collector.options.get()), std::move(context),
        collector.batch_events);
  }
  if (collector.type == "redis") {
    return std::make_unique<redis::Collector>(
        *static_cast<const redis::Config*>(collector.options.get()), std::move(context),
        collector.batch_events);
  }
  throw std::invalid_argument("unknown collector type '" + collector.type + "' of '" +
                              context.name + "'");
}

void recall(const config::CollectorConfig& collector, core::TransportHints& hints) {
  if (collector.type == "kafka") hints.position_lasts = true;
  if (collector.type == "redis")
    redis::recall(*static_cast<const redis::Config*>(collector.options.get()), hints);
}

std::unique_ptr<core::Exporter> make_exporter(const config::ExporterConfig& exporter,
                                              const config::Config& config) {
  const auto& agent = config.agent;
  const auto& catalogue = config.catalogue;
  if (exporter.type == "elasticsearch") {
    return std::make_unique<elasticsearch::Exporter>(
        *static_cast<const elasticsearch::Config*>(exporter.options.get()), catalogue,
        agent_name(agent), agent.cluster);
  }
  if (exporter.type == "forward") {
    return std::make_unique<forward::Exporter>(
        *static_cast<const forward::Config*>(exporter.options.get()), agent_name(agent));
  }
  if (exporter.type == "influxdb") {
    std::map<std::string, std::string> tags = agent.tags;
    tags["agent"] = agent_name(agent);
    tags["agent_cluster"] = agent.cluster;
    return std::make_unique<influxdb::Exporter>(
        *static_cast<const influxdb::Config*>(exporter.options.get()), tags);
  }
  if (exporter.type == "postgres") {
    config::Problems problems;  // known since the configuration was read
    const auto objectives = analytics::read_objectives(config.analytics, *catalogue, {}, problems);
    return std::make_unique<postgres::Exporter>(
        *static_cast<const postgres::Config*>(exporter.options.get()), catalogue, agent_name(agent),
        postgres::Exporter::Rolled{
            std::make_shared<const rollups::Plan>(catalogue, objectives.judged, true),
            agent.default_zone});
  }
  throw std::invalid_argument("unknown exporter type '" + exporter.type + "'");
}

}  // namespace kcloud::agent
