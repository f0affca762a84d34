// What a report says beside its rows: of what it is, what was counted on the way, and what the
// store, the chains and the agent tell. Plain values and pure counting.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "agent/report/request.h"
#include "core/chain_report.h"

namespace kcloud::report {

// Where rows and evidence come from: this agent's journal, or the database of all agents.
enum class Backend : std::uint8_t { kJournal, kPostgres };

struct Head {
  Request request;
  core::Time made;
  std::string agent, version;
  std::string by;     // who asked
  std::string event;  // id of the event that tells of this report
  Backend backend = Backend::kJournal;
  // Position of the newest event that was looked at; of the journal alone.
  std::string epoch;
  std::uint64_t head = 0;
};

// How often each name came. Of more than kMost names the later ones are counted as one.
class Counts {
 public:
  static constexpr std::size_t kMost = 500;
  void add(std::string_view name, std::uint64_t by = 1);
  const std::map<std::string, std::uint64_t, std::less<>>& all() const { return counts_; }
  std::vector<std::pair<std::string, std::uint64_t>> most_first() const;

 private:
  std::map<std::string, std::uint64_t, std::less<>> counts_;
};

// The period in equal parts: local hours up to three days, else local days, at most about 60.
class Histogram {
 public:
  Histogram(core::Time since, core::Time until, const core::Zone& zone);
  void add(core::Time time);
  bool hours() const { return hours_; }
  int days() const { return days_; }  // of one part
  const std::vector<core::Time>& begins() const { return begins_; }
  const std::vector<std::uint64_t>& counts() const { return counts_; }

 private:
  bool hours_ = false;
  int days_ = 1;
  std::vector<core::Time> begins_;
  std::vector<std::uint64_t> counts_;
};

struct Gap {
  core::Time from, to;
  // Of several chains, the one that has it; the agent where it is known.
  std::optional<core::ChainId> chain = std::nullopt;
  std::string agent = {};
};

// Times without the heartbeats of a chain: its agent was not there. Batches of a chain come in
// order.
class Gaps {
 public:
  static constexpr std::size_t kMost = 1000;  // kept one by one
  Gaps(core::Time since, core::Time until, std::chrono::milliseconds heartbeat);
  void begin(const core::ChainId& chain, std::string agent);  // only where there may be several
  void add(core::Time sealed);
  void finish(core::Time now);  // up to then there should have been some

  const std::vector<Gap>& list() const { return list_; }
  std::uint64_t count() const { return count_; }
  std::chrono::nanoseconds total() const { return total_; }

 private:
  core::Time since_, until_;
  std::chrono::nanoseconds allowed_;
  std::optional<core::Time> last_;
  std::optional<core::ChainId> chain_;
  std::string agent_;
  std::vector<Gap> list_;
  std::uint64_t count_ = 0;
  std::chrono::nanoseconds total_{0};
};

// What an agent counts beside the events it stores. Nobody has it of all agents.
struct AgentCounts {
  Counts dead_letters;                          // received in the period, by reason
  std::uint64_t duplicates = 0, conflicts = 0;  // since the agent started
  std::uint64_t expired = 0, evicted = 0;       // likewise, by retention
  std::chrono::milliseconds max_age{0};
};

// Days of arrival, in UTC, that retention took from a database: those that the period touches.
struct Dropped {
  static constexpr std::size_t kMost = 1000;  // told one by one
  struct Day {
    core::Time day, at;
    std::uint64_t rows = 0;
    std::string agent;  // that did it
  };
  std::uint64_t days = 0, rows = 0;
  std::vector<Day> list;  // oldest first
};

struct Kept {
  std::optional<AgentCounts> agent;  // nullopt: not known here
  std::optional<core::Time> oldest;  // arrival of the oldest event kept; of a database its day
  std::optional<Dropped> dropped;    // of a database
};

struct Summary {
  explicit Summary(const Head& head, std::chrono::milliseconds heartbeat)
      : histogram(head.request.since, head.request.until, head.request.zone),
        gaps(head.request.since, head.request.until, heartbeat) {}

  std::uint64_t rows = 0;
  Counts types, actors, outcomes, agents;
  Histogram histogram;
  Gaps gaps;
  Kept kept;
};

// A checkpoint that did not hold is a finding, as in a chain.
struct Integrity {
  std::vector<core::ChainReport> chains;  // oldest first; empty: nothing was sealed
  std::string key_id;                     // empty: there is no key
  std::uint64_t checkpoints = 0;
  std::uint64_t verified = 0;  // of them, signatures of the key
  std::uint64_t forged = 0;    // of them, that name the key and are not signed by it
  // Of them, of batches that have not come to the database (yet). nullopt: of the journal, which
  // has all that was sealed.
  std::optional<std::uint64_t> undelivered;
  std::string command;  // verifies the same offline

  // ok, damaged, none
  std::string_view verdict() const;
};

}  // namespace kcloud::report
