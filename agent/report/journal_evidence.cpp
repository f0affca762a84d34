#include "agent/report/journal_evidence.h"

#include <utility>

#include "agent/journal/verify.h"

namespace kcloud::report {
namespace {

constexpr std::size_t kPage = 1000;
constexpr std::size_t kPageBytes = 4 << 20;

}  // namespace

JournalEvidence::JournalEvidence(journal::Reader& reader, const journal::Journal& journal,
                                 Settings settings)
    : reader_(reader), journal_(journal), settings_(std::move(settings)) {}

void JournalEvidence::read_gaps(const Head& head, Gaps& gaps, const Stopping& stopping) {
  // The parts are one chain that went on.
  for (const auto& part : reader_.lineage()) {
    for (std::uint64_t after = 0;;) {
      if (stopping()) throw Stopped();
      const auto seals = reader_.seals_after(part.chain, after, kPage);
      if (seals.empty()) break;
      for (const auto& seal : seals) gaps.add(seal.sealed);
      after = seals.back().seq;
    }
  }
  gaps.finish(head.made);
}

Kept JournalEvidence::read_kept(const Head& head, const Stopping& stopping) {
  const auto stats = journal_.stats();
  Kept kept;
  kept.agent = AgentCounts{.dead_letters = read_letters(head.request, stopping),
                           .duplicates = stats.duplicates,
                           .conflicts = stats.conflicts,
                           .expired = stats.expired,
                           .evicted = stats.evicted,
                           .max_age = settings_.max_age};
  const std::uint64_t oldest = reader_.oldest();
  if (oldest == 0) return kept;
  core::EventBatch batch;
  reader_.read_after(oldest - 1, 1, 1, batch);
  if (!batch.events.empty()) kept.oldest = batch.events.front().received;
  return kept;
}

Counts JournalEvidence::read_letters(const Request& request, const Stopping& stopping) {
  Counts counts;
  journal::DeadLetterQuery query;
  query.limit = kPage;
  query.max_bytes = kPageBytes;
  query.since = request.since;
  query.until = request.until;
  while (!stopping()) {
    const auto letters = reader_.dead_letters(query);
    if (letters.empty()) return counts;
    for (const auto& row : letters) counts.add(row.letter.reason);
    query.before = letters.back().id;
  }
  throw Stopped();
}

Integrity JournalEvidence::verify(const Head& head, const Stopping& stopping) {
  return report::verify(settings_.place, head.request.since,
                        "--data-dir " + shell_word(settings_.place.data_dir),
                        [&](const core::VerifyOptions& options) {
                          return journal::verify_chains(reader_, options, [&](std::uint64_t) {
                            if (stopping()) throw Stopped();
                          });
                        });
}

}  // namespace kcloud::report
