#include "core/seal.h"

#include <algorithm>
#include <cstring>

namespace kcloud::core {
namespace {

constexpr std::string_view kFormat = "kcl1";

void put(std::string& out, std::uint64_t number, std::size_t bytes) {
  for (std::size_t i = bytes; i-- > 0;) out.push_back(static_cast<char>(number >> (8 * i)));
}

void put(std::string& out, std::string_view bytes) { out.append(bytes); }

void put(std::string& out, const Sha256& hash) {
  out.append(reinterpret_cast<const char*>(hash.data()), hash.size());
}

void put_sized(std::string& out, std::string_view bytes) {
  put(out, bytes.size(), 4);
  out.append(bytes);
}

template <std::size_t N>
std::string_view view(const std::array<std::uint8_t, N>& bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

}  // namespace

Sha256 leaf_hash(Sha256Hasher& hasher, const Event& event) {
  thread_local std::string text;
  text.assign(1, '\0');
  put(text, kFormat);
  put_sized(text, event.id.view());
  put(text, 8, 4);
  put(text, static_cast<std::uint64_t>(event.time.time_since_epoch().count()), 8);
  put_sized(text, event.type_name);
  if (event.source.empty())
    put(text, 0xFFFFFFFF, 4);
  else
    put_sized(text, event.source);
  put_sized(text, view(event.body_hash));
  return hasher.hash(text);
}

Sha256 merkle_root(Sha256Hasher& hasher, std::vector<Sha256>& leaves) {
  if (leaves.empty()) return hasher.hash("");
  // Level by level; an odd last node moves up as it is, which is RFC 6962's split at the largest
  // power of two.
  std::array<char, 1 + 2 * sizeof(Sha256)> node{1};
  while (leaves.size() > 1) {
    std::size_t to = 0;
    std::size_t from = 0;
    for (; from + 1 < leaves.size(); from += 2) {
      std::memcpy(&node[1], leaves[from].data(), sizeof(Sha256));
      std::memcpy(&node[1 + sizeof(Sha256)], leaves[from + 1].data(), sizeof(Sha256));
      leaves[to++] = hasher.hash({node.data(), node.size()});
    }
    if (from < leaves.size()) leaves[to++] = leaves[from];
    leaves.resize(to);
  }
  return leaves.front();
}

Sha256 seal_hash(Sha256Hasher& hasher, const Seal& seal) {
  std::string text(1, '\2');
  put(text, kFormat);
  put(text, view(seal.chain));
  put(text, seal.seq, 8);
  put(text, static_cast<std::uint32_t>(seal.day), 4);
  put(text, seal.events, 8);
  put(text, seal.total_events, 8);
  put(text, seal.journal_end, 8);
  put(text, seal.root);
  put(text, seal.prev);
  return hasher.hash(text);
}

std::string to_string(const ChainId& chain) {
  EventId id;
  id.bytes = chain;
  return to_string(id);
}

}  // namespace kcloud::core
