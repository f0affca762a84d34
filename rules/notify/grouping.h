// What is told together: alerts of one group wait for each other before they become a message. A
// state machine for one notifier; pure, time comes in, equal input gives equal batches.
//
// A group's first message comes `wait` after its first alert, the next ones not before `interval`
// has passed since the one before. An alert that resolves while it waits is told once, as resolved.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/time.h"
#include "rules/alert.h"
#include "rules/rule.h"

namespace kcloud::rules::notify {

// `{alertname="SlowScheduling", cluster="gpu-1"}`: those of the labels that `by` names, an absent
// one as an empty text. `by` of `...` alone: all labels, so that each alert is a group of its own.
std::string group_key(const Labels& labels, const std::vector<std::string>& by);

struct GroupingOptions {
  Duration wait{10'000};
  Duration interval{60'000};
  std::size_t max_alerts = 50;  // of a batch; more make several
};

class Grouping {
 public:
  struct Item {
    std::uint64_t id = 0;  // the caller's; ascending
    std::string group;
    std::string fingerprint;
    core::Time starts_at;
    bool resolved = false;
    core::Time at;          // when it began to wait
    bool silenced = false;  // already then: nobody hears of it when it resolves before it is told
  };
  struct Batch {
    std::string group;
    std::vector<std::uint64_t> items;
    std::vector<std::uint64_t> absorbed;  // of alerts that resolved before they were told
    bool silenced = false;  // not to be told: these resolved while a silence held them back
  };
  using Silenced = std::function<bool(std::string_view fingerprint)>;

  explicit Grouping(GroupingOptions options) : options_(options) {}

  void add(Item item);
  // A message of the group was made then: what a restart knows of the past.
  void told(const std::string& group, core::Time at);
  // What is due at `now`. A firing alert that is silenced goes on waiting, and is asked about again
  // `wait`, at least 1 s, later.
  std::vector<Batch> due(core::Time now, const Silenced& silenced);
  // When due() may have something; nullopt: when something is added.
  std::optional<core::Time> next() const;

  std::size_t waiting() const;  // alerts
  std::size_t held() const;     // of them by a silence

 private:
  struct Waiting {
    Item item;
    core::Time ready;
    bool held = false;
    std::vector<std::uint64_t> absorbed;
  };
  struct Group {
    std::vector<Waiting> waiting;
    std::optional<core::Time> told;
  };
  core::Time due_at(const Group& group) const;
  void take(const std::string& name, Group& group, core::Time now, const Silenced& silenced,
            std::vector<Batch>& out);

  const GroupingOptions options_;
  std::map<std::string, Group, std::less<>> groups_;
};

}  // namespace kcloud::rules::notify
