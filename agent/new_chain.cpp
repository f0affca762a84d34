#include "agent/new_chain.h"

#include <fmt/format.h>
#include <cstdio>
#include <filesystem>
#include <stdexcept>

#include "agent/audit/own_event.h"
#include "agent/exit_code.h"
#include "agent/journal/journal.h"
#include "agent/logging.h"
#include "agent/startup.h"
#include "core/hex.h"
#include "core/json.h"
#include "core/sha256.h"

namespace kcloud::agent {
namespace {

std::string quoted(const std::string& text) {
  std::string out;
  core::append_json_string(out, text);
  return out;
}

std::string batch_json(const core::ChainId& chain, std::uint64_t seq, const core::Sha256& hash) {
  return fmt::format(R"({{"chain":"{}","batch":{},"hash":"{}"}})", core::to_string(chain), seq,
                     core::to_hex(hash));
}

// What an auditor asks: which chain follows which batch, what the old one had sealed behind it, who
// did it, when and why.
void announce(const journal::Renewal& renewal, const std::string& reason, core::Time now,
              core::EventBatch& batch) {
  const auto& made = renewal.made;
  const core::Seal last = renewal.last.value_or(core::Seal{});
  const std::string chain = core::to_string(made.chain);
  core::Event event;
  event.time = event.received = now;
  event.id = core::make_event_id(now, core::key_digest("new chain", chain));
  event.keyed = true;
  event.type_name = "audit_chain_renewed";
  event.source = "kcloud-logger";
  event.severity = "warning";
  event.collector = "audit";
  event.actor = batch.keep(audit::process_user());
  event.agent = batch.keep(agent_name({}));
  event.reason = batch.keep(reason);
  event.body = batch.keep(fmt::format(
      R"({{"event_type":"{}","timestamp":"{}","source":"{}","severity":"{}","actor":{},"host":{},)"
      R"("reason":{},"chain":"{}","follows":{},"replaces":{},"events_gone":{}}})",
      event.type_name, core::format_time(now), event.source, event.severity,
      quoted(std::string(event.actor)), quoted(std::string(event.agent)), quoted(reason), chain,
      batch_json(made.follows->chain, made.follows->seq, made.follows->hash),
      batch_json(made.follows->chain, last.seq, last.hash), renewal.gone));
  event.body_hash = core::sha256(event.body);
  batch.events.push_back(event);
}

}  // namespace

int new_chain(const NewChainOptions& options) {
  return guarded([&] {
    set_up_logging({.level = "warn", .format = "auto"});
    if (!std::filesystem::exists(options.data_dir + "/journal.db"))
      throw std::runtime_error("no journal in " + options.data_dir +
                               ". Hint: name its directory with --data-dir");
    core::SystemClock clock;
    auto wanted = unlimited_journal(options.data_dir);
    wanted.seals.enabled = false;
    journal::Journal journal(wanted, clock);
    const auto renewal = journal.renew_chain(
        options.after, [&](const journal::Renewal& made, core::EventBatch& batch) {
          announce(made, options.reason, clock.now(), batch);
        });
    const auto& made = renewal.made;
    fmt::print("chain {} follows batch {} of chain {}\n", core::to_string(made.chain),
               made.follows->seq, core::to_string(made.follows->chain));
    if (renewal.last && renewal.last->seq > made.follows->seq)
      fmt::print("batches {} to {} of that chain stay here; their {} events are sealed again\n",
                 made.follows->seq + 1, renewal.last->seq,
                 renewal.last->journal_end - made.begin - renewal.gone);
    if (renewal.gone != 0)
      fmt::print("{} events behind batch {} are no longer kept and cannot be sealed again\n",
                 renewal.gone, made.follows->seq);
    return 0;
  });
}

}  // namespace kcloud::agent
