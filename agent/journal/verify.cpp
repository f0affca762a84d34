#include "agent/journal/verify.h"

#include <fmt/format.h>

#include <limits>
#include <utility>

namespace kcloud::journal {
namespace {

constexpr std::size_t kSeals = 100;  // read at a time
constexpr std::size_t kEvents = 10'000;

class Verifier {
 public:
  Verifier(Reader& reader, const core::VerifyOptions& options, const ChainPart& part)
      : reader_(reader),
        options_(options),
        part_(part),
        checker_(part.chain, options.heads, part.follows),
        end_(part.begin) {}

  // `next`: the part that follows this one, if any.
  void run(const ChainPart* next, const core::VerifyProgress& progress) {
    for (std::uint64_t after = 0;;) {
      const auto seals = reader_.seals_after(part_.chain, after, kSeals);
      if (seals.empty()) break;
      for (const auto& seal : seals) {
        for (auto& problem : checker_.check(seal, leaves_of(seal))) find(seal.seq, problem);
        if (next != nullptr && seal.seq == part_.until) check_next(seal, *next);
        end_ = seal.journal_end;
        known_end_ = true;
      }
      after = seals.back().seq;
      if (progress) progress(checker_.batches());
    }
    for (auto& problem : checker_.finish()) find(0, problem);
    const std::uint64_t last = checker_.last() ? checker_.last()->seq : 0;
    if (next != nullptr && last < *part_.until)
      find(0, fmt::format("chain {} follows its batch {}, it ends at batch {}",
                          core::to_string(next->chain), *part_.until, last));
  }

  const core::ChainChecker& checker() const { return checker_; }
  std::vector<core::ChainFinding>& findings() { return findings_; }

  // Behind the last batch.
  std::uint64_t unsealed() {
    std::uint64_t count = 0;
    core::EventBatch batch;
    for (std::uint64_t at = end_;;) {
      batch.clear();
      const std::uint64_t to = reader_.read_after(at, kEvents, std::size_t{64} << 20, batch);
      if (batch.events.empty()) return count;
      count += batch.events.size();
      at = to;
    }
  }

 private:
  void find(std::uint64_t batch, std::string problem) {
    findings_.push_back({batch, std::move(problem)});
  }

  void check_next(const core::Seal& seal, const ChainPart& next) {
    if (seal.hash != next.follows->hash)
      find(seal.seq, fmt::format("chain {} follows another batch of this number",
                                 core::to_string(next.chain)));
    if (seal.journal_end != next.begin)
      find(seal.seq,
           fmt::format("it ends at journal position {}, chain {} that follows begins at {}",
                       seal.journal_end, core::to_string(next.chain), next.begin));
  }

  std::optional<std::vector<core::Sha256>> leaves_of(const core::Seal& seal) {
    if (!options_.wants(seal)) return std::nullopt;
    const std::uint64_t oldest = reader_.oldest();
    // Retention took the batch, or its beginning; of the first batch the beginning is not known.
    const bool kept = known_end_ || seal.seq == 1;
    if (seal.events > 0 && (!kept || oldest == 0 || oldest > end_ + 1)) return std::nullopt;
    std::vector<core::Sha256> leaves;
    core::EventBatch batch;
    for (std::uint64_t at = end_; at < seal.journal_end;) {
      batch.clear();
      const std::uint64_t to =
          reader_.read_after(at, kEvents, std::numeric_limits<std::size_t>::max(), batch);
      for (auto& event : batch.events) {
        if (event.seq > seal.journal_end) break;
        event.body_hash = hasher_.hash(event.body);
        leaves.push_back(core::leaf_hash(hasher_, event));
      }
      if (to == at) break;
      at = to;
    }
    return leaves;
  }

  Reader& reader_;
  const core::VerifyOptions& options_;
  const ChainPart part_;
  core::ChainChecker checker_;
  core::Sha256Hasher hasher_;
  std::uint64_t end_;  // of the batch before
  bool known_end_ = false;
  std::vector<core::ChainFinding> findings_;
};

}  // namespace

core::ChainReport verify_chain(Reader& reader, const core::VerifyOptions& options,
                               const core::VerifyProgress& progress) {
  core::ChainReport report;
  const auto parts = reader.lineage();
  if (!parts.empty() && parts.front().follows)
    report.findings.push_back({0, "the chains follow one another in a circle"});
  for (std::size_t i = 0; i < parts.size(); ++i) {
    const bool last = i + 1 == parts.size();
    Verifier verifier(reader, options, parts[i]);
    verifier.run(last ? nullptr : &parts[i + 1], progress);
    const auto& checker = verifier.checker();
    report.heads_met += checker.heads_met();
    for (auto& [batch, problem] : verifier.findings()) {
      if (last)
        report.findings.push_back({batch, std::move(problem)});
      else
        report.findings.push_back(
            {0, fmt::format("{} before it: {}{}", core::to_string(parts[i].chain),
                            batch == 0 ? "" : fmt::format("batch {}: ", batch), problem)});
    }
    if (!last) {
      report.older_batches += checker.batches();
      report.older_events += checker.events();
      continue;
    }
    report.chain = parts[i].chain;
    report.follows = parts[i].follows;
    report.first = checker.first();
    report.last = checker.last();
    report.batches = checker.batches();
    report.events = checker.events();
    report.unread = checker.unread();
    report.unsealed = verifier.unsealed();
  }
  return report;
}

}  // namespace kcloud::journal
