#include "agent/report/report.h"

#include "agent/report/row.h"
#include "core/hex.h"

namespace kcloud::report {
namespace {

constexpr std::size_t kPage = 1000;
constexpr std::size_t kPageBytes = 4 << 20;
constexpr std::size_t kPiece = 256 << 10;
constexpr std::chrono::milliseconds kStep{100};

journal::Query query_of(const Request& request) {
  journal::Query query;
  query.type = request.type;
  query.cluster = request.cluster;
  query.workload = request.workload;
  query.since = request.since;
  query.until = request.until;
  query.order = journal::Order::kOldestFirst;
  query.limit = kPage;
  query.max_bytes = kPageBytes;
  return query;
}

}  // namespace

Report::Report(Head head, std::chrono::milliseconds heartbeat)
    : head_(std::move(head)),
      query_(query_of(head_.request)),
      summary_(head_, heartbeat),
      writer_(make_writer(head_.request.format)) {
  hasher_.begin();
}

std::string Report::next(journal::EventReader& rows, Evidence& evidence, core::Decoder& decoder,
                         const Stopping& stopping) {
  std::string out;
  switch (step_) {
    case Step::kHead:
      writer_->begin(out, head_);
      step_ = Step::kRows;
      break;
    case Step::kRows: {
      const auto end = std::chrono::steady_clock::now() + kStep;
      while (step_ == Step::kRows && out.size() < kPiece && std::chrono::steady_clock::now() < end)
        read_rows(out, rows, decoder);
      break;
    }
    case Step::kEnd:
      end(out, evidence, stopping);
      return out;
    case Step::kDone:
      break;
  }
  hasher_.update(out);
  return out;
}

void Report::read_rows(std::string& out, journal::EventReader& rows, core::Decoder& decoder) {
  auto page = rows.query(query_);
  for (auto& event : page.batch.events) {
    if (is_later(event)) continue;
    decoder.complete(event, page.batch);
    take(out, event, page.batch);
  }
  query_.after = page.next;
  if (!page.next) step_ = Step::kEnd;
}

bool Report::is_later(const core::Event& event) const {
  if (head_.backend == Backend::kJournal) return event.seq > head_.head;
  // A database knows no positions and keeps microseconds, rounded down. The event that tells of
  // this report was received when it began.
  return event.received >= std::chrono::floor<std::chrono::microseconds>(head_.made);
}

void Report::take(std::string& out, const core::Event& event, core::EventBatch& batch) {
  const Row row = row_of(event, batch);
  if (!head_.request.actor.empty() && row.actor != head_.request.actor) return;
  ++summary_.rows;
  summary_.types.add(row.type);
  if (!row.actor.empty()) summary_.actors.add(row.actor);
  if (!row.outcome.empty()) summary_.outcomes.add(row.outcome);
  summary_.agents.add(row.agent);
  summary_.histogram.add(row.time);
  writer_->row(out, row);
}

void Report::end(std::string& out, Evidence& evidence, const Stopping& stopping) {
  evidence.read_gaps(head_, summary_.gaps, stopping);
  summary_.kept = evidence.read_kept(head_, stopping);
  const auto integrity = evidence.verify(head_, stopping);
  writer_->end(out, summary_, integrity);
  hasher_.update(out);
  writer_->close(out, core::to_hex(hasher_.finish()));
  step_ = Step::kDone;
}

}  // namespace kcloud::report
