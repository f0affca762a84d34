// Alertmanager: what fires is sent again and again, to every peer, so that a peer that was away, or
// has forgotten, knows it; what is not sent again ends there by itself.
//
// A transition is sent at once, and kept in the journal until some peer took it.
#pragma once

#include <map>
#include <vector>

#include "agent/alerting/worker.h"

namespace kcloud::alerting {

class AlertmanagerWorker final : public Worker {
 public:
  explicit AlertmanagerWorker(WorkerParts parts);

 private:
  struct Peer {
    std::string url;
    bool well = true;  // took what it was sent last
  };
  // An alert that ended a short time ago.
  struct Ended {
    std::string fingerprint;
    std::string body;
    core::Time until;
  };
  struct Sent {
    std::size_t taken = 0, tried = 0;  // peers
    std::size_t refused = 0;           // by as many, for good
    int status = 0;                    // of the last that did not take it
    std::string words;                 // likewise
    std::optional<milliseconds> retry_after;
  };

  milliseconds step() override;
  void forget() override;

  bool has_news() const { return waiting_.size() > held_.size(); }
  void take_notices();
  // What fires and is to be sent; what is silenced of it.
  std::vector<rules::Alert> firing(bool to_all, std::set<std::string>& silenced);
  void hold(core::Time now, const std::set<std::string>& silenced);
  std::vector<std::string> compose(core::Time now, const std::vector<rules::Alert>& firing);
  Sent send(const std::vector<std::string>& alerts, bool to_all);
  bool send_to(Peer& peer, const std::vector<std::string>& alerts, Sent& sent);
  void note(const Sent& sent, core::Time now);
  // What became of the notices that `which` names, as `outcome` has it; they leave.
  void record(const std::vector<std::uint64_t>& which, const journal::Notification& outcome);
  journal::Notification outcome(journal::NotificationState state, std::string answer,
                                core::Time now) const;
  std::vector<std::uint64_t> news() const;

  std::vector<Peer> peers_;
  std::map<std::uint64_t, journal::Notice> waiting_;
  std::set<std::uint64_t> held_;  // of waiting_: by a silence
  std::vector<Ended> ended_;
  using Run = std::pair<std::string, core::Time>;  // fingerprint, when it began
  std::set<Run> unknown_;  // to the journal, at the last time that all was sent
  std::uint64_t last_notice_ = 0;
  std::uint32_t attempts_ = 0;  // since some peer took what it was sent
  core::Time next_send_{};
  core::Time paused_until_{};
};

}  // namespace kcloud::alerting
