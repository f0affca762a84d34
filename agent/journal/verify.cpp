#include "agent/journal/verify.h"

#include <limits>

namespace kcloud::journal {
namespace {

constexpr std::size_t kSeals = 100;  // read at a time
constexpr std::size_t kEvents = 10'000;

class Verifier {
 public:
  Verifier(Reader& reader, const core::VerifyOptions& options, core::ChainReport& report)
      : reader_(reader),
        options_(options),
        report_(report),
        checker_(*report.chain, options.heads) {}

  void run(const core::VerifyProgress& progress) {
    for (std::uint64_t after = 0;;) {
      const auto seals = reader_.seals_after(*report_.chain, after, kSeals);
      if (seals.empty()) break;
      for (const auto& seal : seals) {
        for (auto& problem : checker_.check(seal, leaves_of(seal)))
          report_.findings.push_back({seal.seq, std::move(problem)});
        end_ = seal.journal_end;
        known_end_ = true;
      }
      after = seals.back().seq;
      if (progress) progress(checker_.batches());
    }
    for (auto& problem : checker_.finish()) report_.findings.push_back({0, std::move(problem)});
    report_.first = checker_.first();
    report_.last = checker_.last();
    report_.batches = checker_.batches();
    report_.events = checker_.events();
    report_.unread = checker_.unread();
    report_.heads_met = checker_.heads_met();
    report_.unsealed = unsealed();
  }

 private:
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
  core::ChainReport& report_;
  core::ChainChecker checker_;
  core::Sha256Hasher hasher_;
  std::uint64_t end_ = 0;  // of the batch before
  bool known_end_ = false;
};

}  // namespace

core::ChainReport verify_chain(Reader& reader, const core::VerifyOptions& options,
                         const core::VerifyProgress& progress) {
  core::ChainReport report;
  report.chain = reader.chain();
  if (report.chain) Verifier(reader, options, report).run(progress);
  return report;
}

}  // namespace kcloud::journal
