// One report, made in steps: the next bytes each time they are asked for, so that a slow client
// holds no thread and no report is in memory. Each step reads short snapshots of the journal; what
// is stored after the report began is not in it.
//
// One thread at a time.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "agent/journal/journal.h"
#include "agent/journal/reader.h"
#include "agent/report/integrity.h"
#include "agent/report/summary.h"
#include "agent/report/writer.h"
#include "core/decode.h"
#include "core/sha256.h"

namespace kcloud::report {

struct Settings {
  Place place;
  std::chrono::milliseconds heartbeat{60'000};  // of the chain
  std::chrono::milliseconds max_age{0};         // of the journal
};

class Report {
 public:
  Report(Head head, Settings settings, const journal::Journal& journal);

  // May be empty before the end. Takes about 100 ms, but for the step that verifies the chain.
  // Throws Stopped, and std::runtime_error when the journal cannot be read.
  std::string next(journal::Reader& reader, core::Decoder& decoder,
                   const std::function<bool()>& stopping);
  bool done() const { return step_ == Step::kDone; }

 private:
  enum class Step : std::uint8_t { kHead, kRows, kEnd, kDone };

  void read_rows(std::string& out, journal::Reader& reader, core::Decoder& decoder);
  void take(std::string& out, const core::Event& event, core::EventBatch& batch);
  void read_gaps(journal::Reader& reader, const std::function<bool()>& stopping);
  void read_letters(journal::Reader& reader, const std::function<bool()>& stopping);
  void read_retention(journal::Reader& reader);

  const Head head_;
  const Settings settings_;
  const journal::Journal& journal_;
  journal::Query query_;
  Summary summary_;
  std::unique_ptr<Writer> writer_;
  core::Sha256Hasher hasher_;
  Step step_ = Step::kHead;
};

}  // namespace kcloud::report
