// What an analytics call asks, once its parameters are read. Plain values.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/catalogue.h"
#include "core/time.h"

namespace kcloud::analytics {

enum class Kind : std::uint8_t { kScheduling, kCost, kSla };

// With what the figures of the range are compared.
struct Baseline {
  enum class With : std::uint8_t { kNothing, kPrevious, kFixed, kPolicy };
  With with = With::kNothing;
  core::Time since, until;  // kFixed
  std::string policy;       // kPolicy: a policy's name or the id of its change; empty: the newest
};

struct Request {
  core::Time since, until;
  core::Zone zone;
  std::vector<std::string> group_by;
  std::optional<std::chrono::seconds> step;  // of a day and more: of local days
  std::vector<std::string> metrics;          // names of figures; empty: all
  Baseline baseline;
};

inline constexpr std::size_t kMostSteps = 1500;

// The beginnings of the steps and the end of the last. Throws BadRange (source.h) for more than
// kMostSteps.
std::vector<core::Time> step_edges(const Request& request);

// Names of the figures that `metrics` may ask for, and of tags to group by.
std::vector<std::string> metric_names(Kind kind);
std::vector<std::string> group_names(const core::Catalogue& catalogue);
// `avg_latency` stands for `avg_latency_ms`; empty: there is no such figure.
std::string metric_name(Kind kind, std::string_view name);

}  // namespace kcloud::analytics
