// One report, made in steps: the next bytes each time they are asked for, so that a slow client
// holds no thread and no report is in memory. Each step reads short snapshots of the store; what is
// stored after the report began is not in it. Of a database, that is what was received since.
//
// One thread at a time.
#pragma once

#include <chrono>
#include <memory>
#include <string>

#include "agent/journal/reader.h"
#include "agent/report/evidence.h"
#include "agent/report/summary.h"
#include "agent/report/writer.h"
#include "core/decode.h"
#include "core/sha256.h"

namespace kcloud::report {

class Report {
 public:
  // `heartbeat`: of the chains.
  Report(Head head, std::chrono::milliseconds heartbeat);

  // May be empty before the end. `rows` and `evidence` are those of the head's backend. Takes about
  // 100 ms, but for the last step, the only one that asks `evidence` (and looks at `stopping`).
  // Throws Stopped, and std::runtime_error when the store cannot be read.
  std::string next(journal::EventReader& rows, Evidence& evidence, core::Decoder& decoder,
                   const Stopping& stopping);
  bool done() const { return step_ == Step::kDone; }

 private:
  enum class Step : std::uint8_t { kHead, kRows, kEnd, kDone };

  void read_rows(std::string& out, journal::EventReader& rows, core::Decoder& decoder);
  bool is_later(const core::Event& event) const;
  void take(std::string& out, const core::Event& event, core::EventBatch& batch);
  void end(std::string& out, Evidence& evidence, const Stopping& stopping);

  const Head head_;
  journal::Query query_;
  Summary summary_;
  std::unique_ptr<Writer> writer_;
  core::Sha256Hasher hasher_;
  Step step_ = Step::kHead;
};

}  // namespace kcloud::report
