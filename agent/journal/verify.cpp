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
  // `next`: the part that follows this one; nullptr: none.
  Verifier(Reader& reader, const core::VerifyOptions& options, const ChainPart& part,
           const ChainPart* next)
      : reader_(reader),
        options_(options),
        part_(part),
        next_(next),
        checker_(part.chain, options.heads, part.follows),
        end_(part.begin) {
    report_.chain = part.chain;
    report_.follows = part.follows;
  }

  core::ChainReport run(const core::VerifyProgress& progress) {
    for (std::uint64_t after = 0;;) {
      const auto seals = reader_.seals_after(part_.chain, after, kSeals);
      if (seals.empty()) break;
      for (const auto& seal : seals) {
        for (auto& problem : checker_.check(seal, leaves_of(seal)))
          find(seal.seq, std::move(problem));
        if (next_ != nullptr && seal.seq == part_.until) check_next(seal);
        end_ = seal.journal_end;
        known_end_ = true;
      }
      after = seals.back().seq;
      if (progress) progress(checker_.batches());
    }
    for (auto& problem : checker_.finish()) find(0, std::move(problem));
    const std::uint64_t last = checker_.last() ? checker_.last()->seq : 0;
    if (next_ != nullptr && last < *part_.until)
      find(0, fmt::format("chain {} follows its batch {}, it ends at batch {}",
                          core::to_string(next_->chain), *part_.until, last));
    report_.first = checker_.first();
    report_.last = checker_.last();
    report_.batches = checker_.batches();
    report_.events = checker_.events();
    report_.unread = checker_.unread();
    report_.heads_met = checker_.heads_met();
    if (next_ == nullptr) report_.unsealed = unsealed();
    return std::move(report_);
  }

 private:
  void find(std::uint64_t batch, std::string problem) {
    report_.findings.push_back({batch, std::move(problem)});
  }

  void check_next(const core::Seal& seal) {
    if (seal.hash != next_->follows->hash)
      find(seal.seq, fmt::format("chain {} follows another batch of this number",
                                 core::to_string(next_->chain)));
    if (seal.journal_end != next_->begin)
      find(seal.seq,
           fmt::format("it ends at journal position {}, chain {} that follows begins at {}",
                       seal.journal_end, core::to_string(next_->chain), next_->begin));
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

  Reader& reader_;
  const core::VerifyOptions& options_;
  const ChainPart& part_;
  const ChainPart* const next_;
  core::ChainReport report_;
  core::ChainChecker checker_;
  core::Sha256Hasher hasher_;
  std::uint64_t end_;  // of the batch before
  bool known_end_ = false;
};

}  // namespace

std::vector<core::ChainReport> verify_chains(Reader& reader, const core::VerifyOptions& options,
                                             const core::VerifyProgress& progress) {
  std::vector<core::ChainReport> reports;
  const auto parts = reader.lineage();
  for (std::size_t i = 0; i < parts.size(); ++i) {
    const ChainPart* next = i + 1 < parts.size() ? &parts[i + 1] : nullptr;
    reports.push_back(Verifier(reader, options, parts[i], next).run(progress));
  }
  if (!parts.empty() && parts.front().follows)
    reports.front().findings.push_back({0, "the chains follow one another in a circle"});
  return reports;
}

}  // namespace kcloud::journal
