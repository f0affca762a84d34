#include "agent/journal/seals.h"

#include <fmt/format.h>

#include <algorithm>
#include <random>
#include <sstream>
#include <stdexcept>

#include "agent/journal/schema.h"
#include "core/event_id.h"
#include "core/hex.h"

namespace kcloud::journal {
namespace {

constexpr const char* kChain = "chain";  // in `meta`: a UUID
// In front of a chain's UUID, in `meta`: the UUID, batch, hash and journal position that it
// follows.
constexpr const char* kFollows = "chain_follows:";
constexpr const char* kColumns =
    "chain,seq,day,events,total_events,journal_end,root,prev,hash,sealed";

template <std::size_t N>
std::string_view view(const std::array<std::uint8_t, N>& bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

template <std::size_t N>
void copy(std::string_view from, std::array<std::uint8_t, N>& to) {
  if (from.size() == N) std::copy(from.begin(), from.end(), to.begin());
}

core::Seal read_row(const Statement& row) {
  core::Seal seal;
  copy(row.text(0), seal.chain);
  seal.seq = static_cast<std::uint64_t>(row.integer(1));
  seal.day = static_cast<std::int32_t>(row.integer(2));
  seal.events = static_cast<std::uint64_t>(row.integer(3));
  seal.total_events = static_cast<std::uint64_t>(row.integer(4));
  seal.journal_end = static_cast<std::uint64_t>(row.integer(5));
  copy(row.text(6), seal.root);
  copy(row.text(7), seal.prev);
  copy(row.text(8), seal.hash);
  seal.sealed = core::from_nanos(row.integer(9));
  return seal;
}

Statement select_seals(Database& db, const std::string& rest) {
  return Statement(db, std::string("SELECT ") + kColumns + " FROM seals " + rest);
}

ChainPart read_part(Database& db, const core::ChainId& chain) {
  ChainPart part;
  part.chain = chain;
  std::istringstream text(meta(db, kFollows + core::to_string(chain)));
  std::string old, hash;
  core::ChainHead follows;
  if (!(text >> old >> follows.seq >> hash >> part.begin)) return part;
  const auto id = core::parse_event_id(old);
  if (!id || !core::parse_hex(hash, follows.hash)) return part;
  follows.chain = id->bytes;
  part.follows = follows;
  return part;
}

core::ChainId new_chain(Database& db) {
  core::EventId made;
  std::random_device random;
  for (auto& byte : made.bytes) byte = static_cast<std::uint8_t>(random());
  made.bytes[6] = static_cast<std::uint8_t>((made.bytes[6] & 0x0F) | 0x40);  // UUID version 4
  made.bytes[8] = static_cast<std::uint8_t>((made.bytes[8] & 0x3F) | 0x80);
  set_meta(db, kChain, core::to_string(made));
  return made.bytes;
}

}  // namespace

core::ChainId chain_of(Database& db) {
  if (const auto known = core::parse_event_id(meta(db, kChain))) return known->bytes;
  return new_chain(db);
}

std::vector<ChainPart> lineage(Database& db) {
  std::vector<ChainPart> parts;
  auto id = core::parse_event_id(meta(db, kChain));
  // A circle is nothing the journal writes; it ends where it began.
  while (id && std::ranges::find(parts, id->bytes, &ChainPart::chain) == parts.end()) {
    parts.push_back(read_part(db, id->bytes));
    if (!parts.back().follows) break;
    id->bytes = parts.back().follows->chain;
  }
  std::ranges::reverse(parts);
  for (std::size_t i = 1; i < parts.size(); ++i) parts[i - 1].until = parts[i].follows->seq;
  return parts;
}

Renewal renew_chain(Database& db, std::uint64_t after) {
  Renewal renewal;
  const auto old = lineage(db);
  if (old.empty()) throw std::invalid_argument("nothing was sealed here");
  core::ChainHead follows;
  follows.chain = old.back().chain;
  renewal.last = last_seal(db, follows.chain);
  renewal.made.begin = old.back().begin;
  if (after != 0) {
    const auto found = seals_after(db, follows.chain, after - 1, 1);
    if (found.empty() || found.front().seq != after)
      throw std::invalid_argument(fmt::format("chain {} has no batch {} here; its last one is {}",
                                              core::to_string(follows.chain), after,
                                              renewal.last ? renewal.last->seq : 0));
    follows.seq = after;
    follows.hash = found.front().hash;
    renewal.made.begin = found.front().journal_end;
  }
  renewal.made.chain = new_chain(db);
  renewal.made.follows = follows;
  set_meta(db, kFollows + core::to_string(renewal.made.chain),
           fmt::format("{} {} {} {}", core::to_string(follows.chain), follows.seq,
                       core::to_hex(follows.hash), renewal.made.begin));
  const auto oldest = static_cast<std::uint64_t>(db.integer("SELECT min(seq) FROM events"));
  if (oldest > renewal.made.begin + 1) renewal.gone = oldest - renewal.made.begin - 1;
  return renewal;
}

std::optional<core::Seal> last_seal(Database& db, const core::ChainId& chain) {
  Statement select = select_seals(db, "WHERE chain=?1 ORDER BY seq DESC LIMIT 1");
  if (!select.bind_blob(1, view(chain)).step()) return std::nullopt;
  return read_row(select);
}

void add_seal(Database& db, const core::Seal& seal) {
  Statement(
      db, std::string("INSERT INTO seals(") + kColumns + ") VALUES(?1,?2,?3,?4,?5,?6,?7,?8,?9,?10)")
      .bind_blob(1, view(seal.chain))
      .bind(2, seal.seq)
      .bind(3, static_cast<std::int64_t>(seal.day))
      .bind(4, seal.events)
      .bind(5, seal.total_events)
      .bind(6, seal.journal_end)
      .bind_blob(7, view(seal.root))
      .bind_blob(8, view(seal.prev))
      .bind_blob(9, view(seal.hash))
      .bind(10, core::to_nanos(seal.sealed))
      .run();
}

std::vector<core::Seal> seals_after(Database& db, const core::ChainId& chain, std::uint64_t seq,
                                    std::size_t limit) {
  Statement select = select_seals(db, "WHERE chain=?1 AND seq>?2 ORDER BY seq LIMIT ?3");
  select.bind_blob(1, view(chain)).bind(2, seq).bind(3, static_cast<std::int64_t>(limit));
  std::vector<core::Seal> seals;
  while (select.step()) seals.push_back(read_row(select));
  return seals;
}

void carry_over_seals(Database& to, Database& from) {
  const std::string chain = meta(from, kChain);
  if (chain.empty()) return;
  set_meta(to, kChain, chain);
  Statement follows(from,
                    std::string("SELECT key,value FROM meta WHERE key LIKE '") + kFollows + "%'");
  while (follows.step()) set_meta(to, std::string(follows.text(0)), std::string(follows.text(1)));
  Statement select = select_seals(from, "ORDER BY chain, seq");
  while (select.step()) add_seal(to, read_row(select));
}

void drop_seals(Database& db, std::uint64_t oldest, std::int64_t sealed_before,
                std::uint32_t slice) {
  // Without events `oldest` is 0: then only time counts.
  const auto end = static_cast<std::int64_t>(oldest == 0 ? ~std::uint64_t{0} >> 1 : oldest);
  for (const auto& part : lineage(db)) {
    const auto first = seals_after(db, part.chain, 0, 1);
    if (first.empty()) continue;
    Statement(db,
              "DELETE FROM seals WHERE chain=?1 AND seq<(SELECT max(seq) FROM seals WHERE chain=?1 "
              "AND seq<?2 AND journal_end<?3 AND sealed<?4)")
        .bind_blob(1, view(part.chain))
        .bind(2, first.front().seq + slice)
        .bind(3, end)
        .bind(4, sealed_before)
        .run();
  }
}

}  // namespace kcloud::journal
