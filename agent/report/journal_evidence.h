// What a report of this agent says beside its rows: from its journal and its data directory.
#pragma once

#include <chrono>

#include "agent/journal/journal.h"
#include "agent/journal/reader.h"
#include "agent/report/evidence.h"
#include "agent/report/integrity.h"

namespace kcloud::report {

class JournalEvidence final : public Evidence {
 public:
  struct Settings {
    Place place;
    std::chrono::milliseconds max_age{0};  // of the journal
  };
  // Reads nothing yet. Both outlive it.
  JournalEvidence(journal::Reader& reader, const journal::Journal& journal, Settings settings);

  void read_gaps(const Head& head, Gaps& gaps, const Stopping& stopping) override;
  Kept read_kept(const Head& head, const Stopping& stopping) override;
  Integrity verify(const Head& head, const Stopping& stopping) override;

 private:
  Counts read_letters(const Request& request, const Stopping& stopping);

  journal::Reader& reader_;
  const journal::Journal& journal_;
  const Settings settings_;
};

}  // namespace kcloud::report
