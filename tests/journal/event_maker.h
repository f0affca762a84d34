// Events for journal tests, made by hand: no catalogue, no parsing.
#pragma once

#include <atomic>
#include <filesystem>
#include <memory>
#include <string>

#include "core/collector.h"
#include "core/event.h"
#include "core/time.h"

namespace kcloud::journal::test {

class ManualClock final : public core::Clock {
 public:
  core::Time now() const override { return core::from_nanos(now_); }
  void advance(std::chrono::nanoseconds by) { now_ += by.count(); }

 private:
  std::atomic<std::int64_t> now_{1'736'937'000'000'000'000};  // 2025-01-15T10:30:00Z
};

class TemporaryDirectory {
 public:
  TemporaryDirectory() {
    std::string pattern = (std::filesystem::temp_directory_path() / "kcloud-XXXXXX").string();
    path_ = mkdtemp(pattern.data());
  }
  ~TemporaryDirectory() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  TemporaryDirectory(const TemporaryDirectory&) = delete;
  TemporaryDirectory& operator=(const TemporaryDirectory&) = delete;
  const std::string& path() const { return path_; }

 private:
  std::string path_;
};

struct EventSpec {
  std::string type = "scheduling_decision";
  core::Time time;
  std::string key;  // what the id is made of
  std::string workload = "w-1";
  std::string cluster = "gpu-cluster-01";
  std::string severity = {};
  std::string body = {};  // empty: made from the key
};

inline void add(core::EventBatch& batch, const EventSpec& spec, core::Time received) {
  core::Event event;
  event.time = spec.time;
  event.received = received;
  event.type_name = batch.keep(spec.type);
  event.source = batch.keep("test");
  event.workload = batch.keep(spec.workload);
  event.cluster = batch.keep(spec.cluster);
  event.severity = batch.keep(spec.severity);
  event.collector = "webhook";
  event.agent = "agent-1";
  event.body = batch.keep(spec.body.empty() ? "{\"key\":\"" + spec.key + "\"}" : spec.body);
  event.body_hash = core::sha256(event.body);
  event.id = core::make_event_id(spec.time, core::key_digest("event_id", spec.key));
  batch.events.push_back(event);
}

inline std::unique_ptr<core::Intake> intake(const std::vector<EventSpec>& specs,
                                            core::Time received) {
  auto out = std::make_unique<core::Intake>();
  for (const auto& spec : specs) add(out->batch, spec, received);
  return out;
}

}  // namespace kcloud::journal::test
