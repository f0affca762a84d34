// Alerting as the rest of the agent sees it: the rules loop, the notifiers, the rules that were
// posted, the silences. Replaced as a whole when the configuration changes; what it keeps stays.
//
// Any thread, but for start() and stop(). Calls that change something block for the disk.
#pragma once

#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include "agent/alerting/dispatcher.h"
#include "agent/alerting/runner.h"
#include "agent/alerting/silences.h"
#include "agent/journal/journal.h"
#include "config/config.h"

namespace kcloud::alerting {

// What came of a change to the posted rules.
struct RuleChange {
  enum class Outcome : std::uint8_t {
    kDone,
    kChecked,   // a dry run: it would be taken
    kBad,       // `problems`
    kKept,      // written, but not in force before the other files are right: `detail`
    kConflict,  // a file of the directory or a default has the group
    kStale,     // `if_match` does not fit
    kUnknown,   // there is no such group
    kFailed     // the disk
  };
  Outcome outcome = Outcome::kDone;
  std::string detail;
  config::Problems problems;
  std::vector<std::string> groups;              // that it is about
  std::shared_ptr<const rules::RuleSet> rules;  // of a dry run: those that were posted
};

class Alerting {
 public:
  Alerting(journal::Journal& journal, const core::Clock& clock, std::string agent);
  ~Alerting();

  void start(std::shared_ptr<const config::Config> config,
             std::shared_ptr<delivery::EventFeed> feed);
  // The loop writes its snapshot; notifiers' requests under way are finished, but for those that
  // still run at `deadline`.
  void stop(std::chrono::steady_clock::time_point deadline);

  std::vector<NotifierView> notifiers() const;
  std::shared_ptr<const View> view() const;  // empty: it does not run
  std::vector<ParsedSilence> silences() const;

  // A rule file, YAML or JSON: takes the place of the posted file with the same first group.
  // `if_match`: the set's hash that the change was made for; empty: any.
  RuleChange post_rules(std::string_view text, std::string_view if_match, bool dry_run);
  RuleChange remove_rules(const std::string& group, std::string_view if_match);

  // Sets the id of a new one. False: the journal does not store.
  bool put_silence(ParsedSilence& silence);
  // Ends it now; nullopt: there is none; false: the journal does not store.
  std::optional<bool> expire_silence(const std::string& id);

 private:
  struct Running;
  void halt();
  Sources sources() const;
  std::shared_ptr<Running> running() const;
  RuleChange check(const Running& running, const std::string& name, std::string_view text) const;

  journal::Journal& journal_;
  const core::Clock& clock_;
  const std::string agent_;
  std::unique_ptr<Dispatcher> dispatcher_;
  mutable std::mutex mutex_;
  std::shared_ptr<Running> running_;     // guarded
  std::vector<ParsedSilence> silences_;  // guarded
  std::mutex changes_;                   // one change of rules at a time
};

}  // namespace kcloud::alerting
