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

Report::Report(Head head, Settings settings, const journal::Journal& journal)
    : head_(std::move(head)),
      settings_(std::move(settings)),
      journal_(journal),
      query_(query_of(head_.request)),
      summary_(head_, settings_.heartbeat),
      writer_(make_writer(head_.request.format)) {
  summary_.max_age = settings_.max_age;
  hasher_.begin();
}

std::string Report::next(journal::Reader& reader, core::Decoder& decoder,
                         const std::function<bool()>& stopping) {
  std::string out;
  switch (step_) {
    case Step::kHead:
      writer_->begin(out, head_);
      step_ = Step::kRows;
      break;
    case Step::kRows: {
      const auto end = std::chrono::steady_clock::now() + kStep;
      while (step_ == Step::kRows && out.size() < kPiece && std::chrono::steady_clock::now() < end)
        read_rows(out, reader, decoder);
      break;
    }
    case Step::kEnd: {
      read_gaps(reader, stopping);
      read_letters(reader, stopping);
      read_retention(reader);
      const auto integrity = verify(reader, settings_.place, head_.request.since, stopping);
      writer_->end(out, summary_, integrity);
      hasher_.update(out);
      writer_->close(out, core::to_hex(hasher_.finish()));
      step_ = Step::kDone;
      return out;
    }
    case Step::kDone:
      break;
  }
  hasher_.update(out);
  return out;
}

void Report::read_rows(std::string& out, journal::Reader& reader, core::Decoder& decoder) {
  auto page = reader.query(query_);
  for (std::size_t i = 0; i < page.batch.events.size(); ++i) {
    if (page.batch.events[i].seq > head_.head) continue;
    decoder.complete(page.batch.events[i], page.batch);
    take(out, page.batch.events[i], page.batch);
  }
  query_.after = page.next;
  if (!page.next) step_ = Step::kEnd;
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

void Report::read_gaps(journal::Reader& reader, const std::function<bool()>& stopping) {
  for (const auto& part : reader.lineage()) {
    for (std::uint64_t after = 0;;) {
      if (stopping()) throw Stopped();
      const auto seals = reader.seals_after(part.chain, after, kPage);
      if (seals.empty()) break;
      for (const auto& seal : seals) summary_.gaps.add(seal.sealed);
      after = seals.back().seq;
    }
  }
  summary_.gaps.finish(head_.made);
}

void Report::read_letters(journal::Reader& reader, const std::function<bool()>& stopping) {
  journal::DeadLetterQuery query;
  query.limit = kPage;
  query.max_bytes = kPageBytes;
  query.since = head_.request.since;
  query.until = head_.request.until;
  while (!stopping()) {
    const auto letters = reader.dead_letters(query);
    if (letters.empty()) return;
    for (const auto& row : letters) summary_.dead_letters.add(row.letter.reason);
    query.before = letters.back().id;
  }
  throw Stopped();
}

void Report::read_retention(journal::Reader& reader) {
  const auto stats = journal_.stats();
  summary_.duplicates = stats.duplicates;
  summary_.conflicts = stats.conflicts;
  summary_.expired = stats.expired;
  summary_.evicted = stats.evicted;
  const std::uint64_t oldest = reader.oldest();
  if (oldest == 0) return;
  core::EventBatch batch;
  reader.read_after(oldest - 1, 1, 1, batch);
  if (!batch.events.empty()) summary_.oldest = batch.events.front().received;
}

}  // namespace kcloud::report
