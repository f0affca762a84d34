// Families of metrics being gathered, and who adds which. Internal to the folder.
#pragma once

#include <prometheus/metric_family.h>

#include <string>
#include <utility>
#include <vector>

#include "agent/api/metrics.h"

namespace kcloud::api {

using Labels = std::vector<prometheus::ClientMetric::Label>;
using Samples = std::vector<std::pair<Labels, double>>;

inline double read(const core::Counter& counter) {
  return static_cast<double>(counter.load(std::memory_order_relaxed));
}

class Families {
 public:
  // Under `kcloud_logger_<name>`.
  void add(const std::string& name, std::string help, prometheus::MetricType type,
           const Samples& samples) {
    add_named("kcloud_logger_" + name, std::move(help), type, samples);
  }
  void add_named(std::string name, std::string help, prometheus::MetricType type,
                 const Samples& samples);
  void add_family(prometheus::MetricFamily family) { families_.push_back(std::move(family)); }
  std::vector<prometheus::MetricFamily> take() { return std::move(families_); }

 private:
  std::vector<prometheus::MetricFamily> families_;
};

void collectors(Families& out, const MetricsInput& input);
void webhook_collector(Families& out, const MetricsInput& input);
void exporters(Families& out, const MetricsInput& input);
void rules(Families& out, const MetricsInput& input);
void rollups(Families& out, const MetricsInput& input);
void notifiers(Families& out, const MetricsInput& input);

}  // namespace kcloud::api
