#include "bench/body/body.h"

#include <cstdio>
#include <cstring>
#include <ctime>

namespace kcloud::bench {
namespace {

constexpr std::string_view kText =
    R"({"event_type":"scheduling_decision","timestamp":"2026-01-01T00:00:00.000Z",)"
    R"("scheduler":"kcloud-meta-scheduler","trace":"RRRRRRRR-000000000000",)"
    R"("workload":{"id":"ml-training-job-00000","type":"ml_training",)"
    R"("requirements":{"cpu":8,"memory":"32Gi","gpu":2,"power_budget":1500}},)"
    R"("decision":{"selected_cluster":"gpu-cluster-01","reason":"최적 전력 효율성",)"
    R"("cost_calculation":{"estimated_power_watts":1200,"estimated_cost_per_hour":15.6,)"
    R"("alternatives":[{"cluster":"gpu-cluster-02","cost":18.2},)"
    R"({"cluster":"hybrid-cluster-01","cost":22.4}]}},"execution_time_ms":245})";

constexpr std::uint64_t kWorkloads = 20'000;
constexpr std::uint64_t kClusters = 8;

std::size_t after(std::string_view prefix) { return kText.find(prefix) + prefix.size(); }

void write_digits(char* at, std::size_t width, std::uint64_t value) {
  for (std::size_t i = width; i-- > 0; value /= 10) {
    at[i] = static_cast<char>('0' + value % 10);
  }
}

}  // namespace

std::string_view TimeText::at(std::int64_t unix_ms) {
  if (unix_ms != ms_) {
    ms_ = unix_ms;
    if (const std::int64_t second = unix_ms / 1000; second != second_) {
      second_ = second;
      const std::time_t seconds = second;
      std::tm parts{};
      gmtime_r(&seconds, &parts);
      std::strftime(text_, sizeof text_, "%Y-%m-%dT%H:%M:%S.000Z", &parts);
    }
    write_digits(text_ + 20, 3, static_cast<std::uint64_t>(unix_ms % 1000));
  }
  return {text_, kLength};
}

BodyTemplate::BodyTemplate(std::uint32_t run)
    : text_(kText),
      time_at_(after(R"("timestamp":")")),
      trace_at_(after(R"("trace":"RRRRRRRR-)")),
      workload_at_(after("ml-training-job-")),
      cluster_at_(after("gpu-cluster-0")) {
  char digits[16];
  std::snprintf(digits, sizeof digits, "%08x", run);
  std::memcpy(text_.data() + trace_at_ - 9, digits, 8);
}

void BodyTemplate::patch(char* at, std::uint64_t number, std::string_view time) const {
  std::memcpy(at + time_at_, time.data(), TimeText::kLength);
  write_digits(at + trace_at_, 12, number);
  write_digits(at + workload_at_, 5, number % kWorkloads);
  at[cluster_at_] = static_cast<char>('1' + number % kClusters);
}

}  // namespace kcloud::bench
