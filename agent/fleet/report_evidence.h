// What a report of all agents says beside its rows: from their database. A role that may read is
// enough.
#pragma once

#include <chrono>
#include <memory>
#include <string>

#include "agent/report/evidence.h"
#include "agent/report/integrity.h"
#include "core/catalogue.h"
#include "core/decode.h"
#include "exporters/postgres/config.h"
#include "exporters/postgres/connection.h"

namespace kcloud::fleet {

class ReportEvidence final : public report::Evidence {
 public:
  struct Settings {
    postgres::Config database;
    report::Place place;      // of this agent, whose checkpoints the database is to meet
    std::string config_file;  // of this agent, for the command that verifies; empty: none
    std::shared_ptr<const core::Catalogue> catalogue;  // by which columns are compared
    core::DecodeOptions decode;
    int stop_fd = -1;  // readable once all is to end; -1: nothing ends it
  };
  // Connects when it is asked first.
  explicit ReportEvidence(Settings settings);

  // Of each chain of which anything is kept, or that reaches into the period. A chain whose agent
  // went on with another one ends where that begins. Gaps go by the heartbeat of this agent.
  void read_gaps(const report::Head& head, report::Gaps& gaps,
                 const report::Stopping& stopping) override;
  // What each agent counts for itself is not known.
  report::Kept read_kept(const report::Head& head, const report::Stopping& stopping) override;
  // Checkpoints of batches that are not in the database (yet) are counted and are no finding: what
  // an agent sealed comes later, or it delivers elsewhere.
  report::Integrity verify(const report::Head& head, const report::Stopping& stopping) override;

 private:
  postgres::Connection& connected();
  std::string store_options() const;

  const Settings settings_;
  std::unique_ptr<postgres::Connection> connection_;
};

}  // namespace kcloud::fleet
