#include "agent/alerting/snapshot_file.h"

#include <cstring>
#include <fstream>
#include <sstream>

#include "core/durable_file.h"
#include "core/sha256.h"

namespace kcloud::alerting {
namespace {

constexpr std::string_view kMagic = "kcloud-rules 1\n";
constexpr std::size_t kEpochSize = 8;

void put(std::string& out, std::uint64_t value) {
  for (int shift = 56; shift >= 0; shift -= 8) out.push_back(static_cast<char>(value >> shift));
}

std::uint64_t take(std::string_view& in) {
  std::uint64_t value = 0;
  for (int i = 0; i < 8; ++i) value = value << 8 | static_cast<std::uint8_t>(in[i]);
  in.remove_prefix(8);
  return value;
}

std::string_view view(const core::Sha256& hash) {
  return {reinterpret_cast<const char*>(hash.data()), hash.size()};
}

}  // namespace

void write_snapshot(const std::filesystem::path& file, const Snapshot& snapshot) {
  std::string out(kMagic);
  out += snapshot.epoch;
  put(out, snapshot.seq);
  put(out, snapshot.step);
  put(out, static_cast<std::uint64_t>(core::to_nanos(snapshot.frontier)));
  out += snapshot.engine;
  const auto hash = core::sha256(out);
  out += view(hash);
  core::write_durably(file, out);
}

std::optional<Snapshot> read_snapshot(const std::filesystem::path& file) {
  std::ifstream stream(file, std::ios::binary);
  if (!stream) return std::nullopt;
  std::ostringstream text;
  text << stream.rdbuf();
  const std::string whole = std::move(text).str();
  std::string_view in = whole;
  const std::size_t hash_size = std::tuple_size_v<core::Sha256>;
  if (!in.starts_with(kMagic) || in.size() < kMagic.size() + kEpochSize + 24 + hash_size)
    return std::nullopt;
  const auto hash = core::sha256(in.substr(0, in.size() - hash_size));
  if (in.substr(in.size() - hash_size) != view(hash)) return std::nullopt;
  in.remove_suffix(hash_size);
  in.remove_prefix(kMagic.size());
  Snapshot snapshot;
  snapshot.epoch = in.substr(0, kEpochSize);
  in.remove_prefix(kEpochSize);
  snapshot.seq = take(in);
  snapshot.step = take(in);
  snapshot.frontier = core::from_nanos(static_cast<std::int64_t>(take(in)));
  snapshot.engine = in;
  return snapshot;
}

}  // namespace kcloud::alerting
