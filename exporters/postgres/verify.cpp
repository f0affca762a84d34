#include "exporters/postgres/verify.h"

#include <fmt/format.h>

#include <algorithm>
#include <limits>
#include <map>
#include <span>
#include <unordered_map>

#include "core/sha256.h"
#include "exporters/postgres/binary.h"
#include "exporters/postgres/connection.h"
#include "exporters/postgres/derived.h"
#include "exporters/postgres/row_counts.h"
#include "exporters/postgres/schema.h"
#include "exporters/postgres/stored_batch.h"

namespace kcloud::postgres {
namespace {

constexpr std::int64_t kBatches = 16;       // read at a time
constexpr std::size_t kRows = 250;          // read at a time; their bodies are held
constexpr std::size_t kMostNamed = 3;       // events of a batch, for each thing that can be wrong
constexpr std::int32_t kShortestKept = 30;  // days; audit_retain() takes nothing below

std::string day_text(std::int32_t day) {
  return core::format_time(core::Time(std::chrono::hours(24) * day)).substr(0, 10);
}

// Text that PostgreSQL does not take is NULL, with its bytes in column_errors (row.h).
std::string exact(std::string_view column) {
  return fmt::format(
      "CASE WHEN e.{0} IS NOT NULL THEN convert_to(e.{0}, 'UTF8') ELSE (SELECT "
      "decode(substring(n FROM ' bytes ([0-9a-f]+)$'), 'hex') FROM unnest(e.column_errors) n "
      "WHERE n LIKE '{0}: %' LIMIT 1) END",
      column);
}

// What is wrong with a row, and with how many; the first few events are named.
class Problems {
 public:
  void add(std::string_view what, std::string_view id) {
    auto& [count, names] = problems_[std::string(what)];
    if (count++ < kMostNamed)
      names += (names.empty() ? "" : ", ") + core::to_string(core::event_id_from_bytes(id));
  }
  void report(std::uint64_t batch, std::vector<core::ChainFinding>& findings) const {
    for (const auto& [what, seen] : problems_) {
      std::string text = fmt::format("event {}: {}", seen.second, what);
      if (seen.first > kMostNamed) text += fmt::format(" (and {} more)", seen.first - kMostNamed);
      findings.push_back({batch, std::move(text)});
    }
  }

 private:
  std::map<std::string, std::pair<std::size_t, std::string>> problems_;
};

class Verifier {
 public:
  Verifier(Connection& connection, DerivedColumns& derived, const core::VerifyOptions& options,
           const core::VerifyProgress& progress)
      : connection_(connection),
        derived_(derived),
        options_(options),
        progress_(progress),
        counts_(connection) {
    rows_ = fmt::format("SELECT e.event_id, e.time_ns, {}, {}, {}, e.chain_id, e.batch_seq",
                        exact("type"), exact("source"), exact("body"));
    for (const auto& name : derived_.names()) rows_ += fmt::format(", e.\"{}\"", name);
    rows_ += " FROM audit_event e WHERE e.ingest_day = $1 AND e.event_id = ANY ($2)";
    read_retention();
  }

  std::vector<core::ChainReport> run() {
    std::vector<core::ChainReport> reports;
    const auto chains = connection_.run("SELECT DISTINCT chain_id FROM audit_batch ORDER BY 1");
    for (std::size_t row = 0; row < chains.rows(); ++row) {
      core::ChainId chain{};
      read_bytes(chains.value(row, 0), chain);
      reports.push_back(verify(chain));
    }
    while (counts_.next() != nullptr) stray();
    for (const auto& head : options_.heads)
      if (std::ranges::none_of(reports, [&](const auto& seen) { return seen.chain == head.chain; }))
        strays_.findings.push_back(
            {0, fmt::format("a checkpoint kept outside names batch {} of chain {}, of which "
                            "there is nothing",
                            head.seq, core::to_string(head.chain))});
    if (!strays_.ok()) reports.push_back(strays_);
    return reports;
  }

 private:
  struct Row {
    core::Sha256 leaf;
    bool names_batch = false;
    std::vector<std::string> differing;
    std::size_t count = 0;
  };

  void read_retention() {
    const auto found = connection_.run(
        "SELECT day, (dropped_at AT TIME ZONE 'UTC')::date - day < $1 OR dropped_at > "
        "now() FROM audit_retention",
        {parameter(Type::kBigint, binary(std::int64_t{kShortestKept}))});
    for (std::size_t row = 0; row < found.rows(); ++row) {
      expired_ = std::max(expired_, read_date(found.value(row, 0)));
      if (found.value(row, 1) != std::string_view("\0", 1))
        strays_.findings.push_back(
            {0, fmt::format("day {} was dropped before it was {} days old",
                            day_text(read_date(found.value(row, 0))), kShortestKept)});
    }
  }

  // The batch of another chain whose hash the first batch has as that of the batch before it.
  std::optional<core::ChainHead> followed_by(const core::ChainId& chain) {
    const auto found = connection_.run(
        "SELECT old.chain_id, old.seq, old.hash FROM audit_batch first JOIN audit_batch old ON "
        "old.hash = first.prev_hash AND old.chain_id <> first.chain_id WHERE first.chain_id = $1 "
        "AND first.seq = 1 LIMIT 1",
        {parameter(Type::kUuid, std::string(chain.begin(), chain.end()))});
    if (found.rows() == 0) return std::nullopt;
    core::ChainHead head;
    head.seq = static_cast<std::uint64_t>(read_bigint(found.value(0, 1)));
    if (!read_bytes(found.value(0, 0), head.chain) || !read_bytes(found.value(0, 2), head.hash))
      return std::nullopt;
    return head;
  }

  core::ChainReport verify(const core::ChainId& chain) {
    core::ChainReport report;
    report.chain = chain;
    report.follows = followed_by(chain);
    core::ChainChecker checker(chain, options_.heads, report.follows);
    std::int64_t after = std::numeric_limits<std::int64_t>::min();
    for (;;) {
      const auto batches = batches_behind(connection_, chain, after, kBatches);
      if (batches.empty()) break;
      for (const auto& batch : batches) {
        for (auto& problem : checker.check(batch.seal, leaves_of(batch, report)))
          report.findings.push_back({batch.seal.seq, std::move(problem)});
        after = static_cast<std::int64_t>(batch.seal.seq);
        if (progress_) progress_(++done_);
      }
    }
    for (auto& problem : checker.finish()) report.findings.push_back({0, std::move(problem)});
    report.first = checker.first();
    report.last = checker.last();
    report.batches = checker.batches();
    report.events += checker.events();
    report.unread += checker.unread();
    report.heads_met = checker.heads_met();
    return report;
  }

  // As the rows read now; of rows that retention took, as they are written down beside the seal.
  std::optional<std::vector<core::Sha256>> leaves_of(const StoredBatch& batch,
                                                     core::ChainReport& report) {
    const auto& seal = batch.seal;
    const auto seq = static_cast<std::int64_t>(seal.seq);
    if (!options_.wants(seal)) {
      (void)claimed_rows(seal.chain, seq);
      return std::nullopt;
    }
    const bool dropped = batch.size() == 0 && seal.events > 0 && seal.day <= expired_;
    if (dropped) {
      (void)claimed_rows(seal.chain, seq);
      return std::nullopt;
    }
    if (!batch.consistent()) {
      report.findings.push_back({seal.seq, "its lists of events are not whole"});
      (void)claimed_rows(seal.chain, seq);
      return std::nullopt;
    }
    const auto rows = read_rows(batch);
    Problems problems;
    std::vector<core::Sha256> leaves;
    std::int64_t naming = 0;
    for (std::size_t i = 0; i < batch.size(); ++i) {
      const auto found = rows.find(batch.id(i));
      leaves.push_back(found == rows.end() ? batch.leaf(i) : found->second.leaf);
      if (found == rows.end()) {
        if (batch.day(i) > expired_) {
          problems.add("its row is missing", batch.id(i));
        } else {
          ++report.unread;
          --report.events;  // that the checker counts
        }
        continue;
      }
      const Row& row = found->second;
      if (row.count > 1) problems.add("there is more than one row of it", batch.id(i));
      if (row.leaf != batch.leaf(i)) problems.add("its row is not what was sealed", batch.id(i));
      for (const auto& column : row.differing)
        problems.add(fmt::format("column {} is not what its body says", column), batch.id(i));
      naming += row.names_batch ? static_cast<std::int64_t>(row.count) : 0;
    }
    problems.report(seal.seq, report.findings);
    const std::int64_t claimed = claimed_rows(seal.chain, seq);
    if (claimed > naming)
      report.findings.push_back(
          {seal.seq,
           fmt::format("{} rows name this batch that it does not hold", claimed - naming)});
    return leaves;
  }

  using Rows = std::unordered_map<std::string_view, Row>;  // by the batch's own ids

  Rows read_rows(const StoredBatch& batch) {
    std::map<std::int32_t, std::vector<std::size_t>> by_day;
    for (std::size_t i = 0; i < batch.size(); ++i) by_day[batch.day(i)].push_back(i);
    Rows rows;
    for (const auto& [day, places] : by_day)
      for (std::size_t at = 0; at < places.size(); at += kRows)
        read_rows(batch, day, std::span(places).subspan(at, std::min(kRows, places.size() - at)),
                  rows);
    return rows;
  }

  void read_rows(const StoredBatch& batch, std::int32_t day, std::span<const std::size_t> places,
                 Rows& rows) {
    std::vector<std::string> ids;
    std::unordered_map<std::string_view, std::string_view> own;
    for (const auto place : places) {
      ids.emplace_back(batch.id(place));
      own.emplace(batch.id(place), batch.id(place));
    }
    const auto found = connection_.run(
        rows_, {parameter(Type::kDate, binary_date(day)), array_parameter(Type::kUuid, ids)});
    for (std::size_t at = 0; at < found.rows(); ++at) {
      Row& row = rows[own.at(found.value(at, 0))];
      ++row.count;
      core::Event event;
      event.id = core::event_id_from_bytes(found.value(at, 0));
      event.time = core::Time(std::chrono::nanoseconds(read_bigint(found.value(at, 1))));
      event.type_name = found.value(at, 2);
      event.source = found.value(at, 3);
      event.body = found.value(at, 4);
      event.body_hash = hasher_.hash(event.body);
      const auto leaf = core::leaf_hash(hasher_, event);
      // Of several, one that does not fit counts.
      if (row.count == 1 || leaf != row.leaf) row.leaf = leaf;
      row.names_batch =
          found.value(at, 5) ==
              std::string_view(reinterpret_cast<const char*>(batch.seal.chain.data()), 16) &&
          !found.is_null(at, 6) &&
          read_bigint(found.value(at, 6)) == static_cast<std::int64_t>(batch.seal.seq);
      row.differing = differing(found, at, event);
    }
  }

  std::vector<std::string> differing(const Result& found, std::size_t at,
                                     const core::Event& event) {
    constexpr int kFirst = 7;
    std::vector<ColumnValue> values;
    std::string_view workload;
    for (std::size_t i = 0; i < derived_.names().size(); ++i) {
      const int column = kFirst + static_cast<int>(i);
      if (found.is_null(at, column)) {
        values.emplace_back();
        continue;
      }
      values.emplace_back(found.value(at, column));
      if (derived_.names()[i] == "workload") workload = found.value(at, column);
    }
    return derived_.differing(
        {event.id, event.time, event.type_name, event.source, workload, event.body}, values);
  }

  // How many rows name this batch. Calls come in the order of chains and batches.
  std::int64_t claimed_rows(const core::ChainId& chain, std::int64_t seq) {
    while (counts_.next() != nullptr && counts_.next()->before(chain, seq)) stray();
    const auto* group = counts_.next();
    if (group == nullptr || group->chain != chain || group->seq != seq) return 0;
    const auto rows = group->rows;
    counts_.pass();
    return rows;
  }

  void stray() {
    const auto& group = *counts_.next();
    const std::string named = group.chain
                                  ? fmt::format("batch {} of chain {}, which is not there",
                                                group.seq ? std::to_string(*group.seq) : "NULL",
                                                core::to_string(*group.chain))
                                  : "no batch";
    strays_.findings.push_back({0, fmt::format("{} rows name {}", group.rows, named)});
    counts_.pass();
  }

  Connection& connection_;
  DerivedColumns& derived_;
  const core::VerifyOptions& options_;
  const core::VerifyProgress& progress_;
  RowCounts counts_;
  std::string rows_;
  std::int32_t expired_ = std::numeric_limits<std::int32_t>::min();  // day, and all before it
  core::ChainReport strays_;
  core::Sha256Hasher hasher_;
  std::uint64_t done_ = 0;
};

}  // namespace

std::vector<core::ChainReport> verify_database(const Config& config,
                                               const core::Catalogue& catalogue,
                                               const core::DecodeOptions& decode,
                                               const core::VerifyOptions& options,
                                               const core::VerifyProgress& progress, int stop_fd) {
  Config reading = config;
  reading.migrate = false;
  reading.statement_timeout = std::chrono::hours(1);  // counting the rows of all days
  Connection connection(reading, stop_fd);
  connection.script("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY");
  DerivedColumns derived(catalogue, decode, prepare_schema(connection, reading, catalogue));
  auto reports = Verifier(connection, derived, options, progress).run();
  if (reports.empty())
    throw std::runtime_error(
        fmt::format("schema {} holds no chain: nothing was delivered to it yet", config.schema));
  return reports;
}

}  // namespace kcloud::postgres
