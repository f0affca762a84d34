#include "agent/cli/audit.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <optional>
#include <stdexcept>

#include "agent/audit/checkpoint.h"
#include "agent/journal/generation.h"
#include "agent/journal/verify.h"
#include "agent/startup.h"
#include "core/hex.h"
#include "core/json.h"
#include "exporters/postgres/verify.h"

namespace kcloud::cli {
namespace {

constexpr std::size_t kMostShown = 1000;  // findings

std::optional<core::Time> read_time(const char* option, const std::string& text) {
  if (text.empty()) return std::nullopt;
  const core::Zone utc("UTC");
  auto parsed = core::parse_time(text, utc);
  if (!parsed && text.size() == 10) parsed = core::parse_time(text + "T00:00:00Z", utc);
  if (!parsed)
    throw std::runtime_error(fmt::format(
        "{}: '{}' is no time. Expected RFC 3339 or a date, such as 2026-01-31", option, text));
  return parsed->time;
}

std::vector<core::ChainHead> read_heads(std::istream& in, const std::string& name,
                                        const audit::PublicKey* key) {
  std::vector<core::ChainHead> heads;
  std::string line;
  for (std::size_t number = 1; std::getline(in, line); ++number) {
    if (line.empty()) continue;
    try {
      heads.push_back(audit::parse_head(line));
      if (key == nullptr) continue;
      if (core::json_text_at(line, "signature").empty())
        throw std::runtime_error("it is not signed, and --public-key asks for signatures");
      if (!key->verify(audit::parse_checkpoint(line)))
        throw std::runtime_error("the signature is not of this key and this content");
    } catch (const std::runtime_error& error) {
      throw std::runtime_error(fmt::format("{}:{}: {}", name, number, error.what()));
    }
  }
  return heads;
}

std::vector<core::ChainHead> read_heads(const AuditOptions& options) {
  if (options.heads.empty()) return {};
  std::optional<audit::PublicKey> key;
  if (!options.public_key.empty()) key.emplace(options.public_key);
  if (options.heads == "-") return read_heads(std::cin, "standard input", key ? &*key : nullptr);
  std::ifstream file(options.heads);
  if (!file) throw std::runtime_error(options.heads + " cannot be read");
  return read_heads(file, options.heads, key ? &*key : nullptr);
}

std::string as_json(const core::ChainReport& report) {
  std::string out = fmt::format(
      R"({{"verdict":"{}","chain":{},"first":{},"last":{},"last_hash":"{}","batches":{},)"
      R"("events":{},"unread":{},"unsealed":{},"heads_met":{},"findings":[)",
      report.ok() ? "ok" : "damaged",
      report.chain ? fmt::format("\"{}\"", core::to_string(*report.chain)) : "null",
      report.first ? report.first->seq : 0, report.last ? report.last->seq : 0,
      report.last ? core::to_hex(report.last->hash) : "", report.batches, report.events,
      report.unread, report.unsealed, report.heads_met);
  if (report.follows)
    out.insert(1, fmt::format(R"("follows":{{"chain":"{}","batch":{},"hash":"{}"}},)",
                              core::to_string(report.follows->chain), report.follows->seq,
                              core::to_hex(report.follows->hash)));
  for (const auto& finding : report.findings) {
    core::append_comma(out);
    out += fmt::format(R"({{"batch":{})", finding.batch);
    core::append_key(out, "problem");
    core::append_json_string(out, finding.problem);
    out.push_back('}');
  }
  return out + "]}\n";
}

std::string findings_of(const core::ChainReport& report) {
  std::string out;
  std::size_t shown = 0;
  for (const auto& finding : report.findings) {
    if (++shown > kMostShown) break;
    out += finding.batch == 0 ? fmt::format("chain: {}\n", finding.problem)
                              : fmt::format("batch {}: {}\n", finding.batch, finding.problem);
  }
  return out;
}

std::string as_text(const core::ChainReport& report) {
  if (!report.chain) return "of no chain\n" + findings_of(report);
  std::string out = fmt::format("chain {}", core::to_string(*report.chain));
  if (report.last)
    out += fmt::format(": batches {} to {}, {} events read", report.first->seq, report.last->seq,
                       report.events);
  if (report.follows)
    out += fmt::format(", follows batch {} of chain {}", report.follows->seq,
                       core::to_string(report.follows->chain));
  if (report.unread != 0)
    out += fmt::format(", {} outside of the time or no longer kept", report.unread);
  if (report.unsealed != 0) out += fmt::format(", {} not sealed yet", report.unsealed);
  out += "\n" + findings_of(report);
  if (report.last) out += fmt::format("last hash {}\n", core::to_hex(report.last->hash));
  return out;
}

std::string verdict(const std::vector<core::ChainReport>& reports, bool with_heads) {
  std::size_t findings = 0;
  std::uint64_t met = 0;
  for (const auto& report : reports) {
    findings += report.findings.size();
    met += report.heads_met;
  }
  if (findings != 0) return fmt::format("verdict: DAMAGED, {} findings\n", findings);
  if (with_heads) return fmt::format("verdict: OK, {} checkpoints kept elsewhere met\n", met);
  return "verdict: OK. Without --heads this says nothing about one who rewrote all of it: keep "
         "checkpoints elsewhere\n";
}

std::vector<core::ChainReport> verify_journal(const AuditOptions& options,
                                              const core::VerifyOptions& wanted,
                                              const core::VerifyProgress& progress) {
  if (!std::filesystem::exists(options.data_dir + "/journal.db"))
    throw std::runtime_error(
        fmt::format("there is no journal in {}. Hint: name the agent's data directory, --data-dir",
                    options.data_dir));
  const auto reader =
      journal::make_reader(options.data_dir, "", std::make_shared<journal::Generation>());
  auto reports = journal::verify_chains(*reader, wanted, progress);
  if (std::ranges::none_of(reports, [](const auto& report) { return report.last.has_value(); }))
    throw std::runtime_error("nothing was sealed here. Hint: audit.enabled of this agent");
  return reports;
}

std::vector<core::ChainReport> verify_postgres(const AuditOptions& options,
                                               const core::VerifyOptions& wanted,
                                               const core::VerifyProgress& progress) {
  const auto config = agent::load_or_throw({options.config_file, "", ""});
  postgres::Config database;
  database.url = options.pg;
  if (!options.pg_schema.empty()) database.schema = options.pg_schema;
  return postgres::verify_database(database, *config.catalogue, config::decode_options(config),
                                   wanted, progress);
}

}  // namespace

int verify_audit(const AuditOptions& options) {
  try {
    core::VerifyOptions wanted;
    wanted.heads = read_heads(options);
    wanted.from = read_time("--from", options.from);
    wanted.to = read_time("--to", options.to);
    const bool show = ::isatty(STDERR_FILENO) != 0;
    const auto progress = [&](std::uint64_t batches) {
      if (show) fmt::print(stderr, "\r{} batches", batches);
    };
    const auto reports = options.pg.empty() ? verify_journal(options, wanted, progress)
                                            : verify_postgres(options, wanted, progress);
    if (show) fmt::print(stderr, "\r\033[K");
    std::string text;
    for (const auto& report : reports) text += options.json ? as_json(report) : as_text(report);
    if (!options.json) text += verdict(reports, !options.heads.empty());
    std::fwrite(text.data(), 1, text.size(), stdout);
    return std::ranges::all_of(reports, &core::ChainReport::ok) ? 0 : 1;
  } catch (const std::exception& error) {
    fmt::print(stderr, "audit verify: {}\n", error.what());
    return 2;
  }
}

}  // namespace kcloud::cli
