#include "agent/report/integrity.h"

#include <fmt/format.h>

#include <filesystem>
#include <fstream>
#include <optional>

#include "agent/audit/checkpoint.h"

namespace kcloud::report {
namespace {

// Lines that are no checkpoint are passed over: the newest may be half written.
std::vector<core::ChainHead> read_checkpoints(const std::string& path, const audit::PublicKey* key,
                                              Integrity& integrity) {
  std::vector<core::ChainHead> heads;
  std::ifstream file(path);
  for (std::string line; std::getline(file, line);) {
    try {
      const auto checkpoint = audit::parse_checkpoint(line);
      ++integrity.checkpoints;
      heads.push_back({checkpoint.chain, checkpoint.seq, checkpoint.hash});
      if (key == nullptr || checkpoint.key_id != key->id()) continue;
      ++(key->verify(checkpoint) ? integrity.verified : integrity.forged);
    } catch (const std::runtime_error&) {
      continue;
    }
  }
  return heads;
}

}  // namespace

std::string shell_word(const std::string& text) {
  std::string out = "'";
  for (const char c : text) out += c == '\'' ? std::string("'\\''") : std::string(1, c);
  return text.find_first_not_of(
             "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
             "/._-") == std::string::npos
             ? text
             : out + "'";
}

Integrity verify(const Place& place, core::Time since, std::string_view store,
                 const VerifyChains& chains) {
  Integrity integrity;
  const std::filesystem::path directory = place.data_dir;
  const std::string checkpoints = directory / place.checkpoint_file;
  const std::string public_key = directory / "audit-key.pub.pem";
  std::optional<audit::PublicKey> key;
  if (std::filesystem::exists(public_key)) key.emplace(public_key);
  core::VerifyOptions options;
  options.from = since;
  options.heads = read_checkpoints(checkpoints, key ? &*key : nullptr, integrity);
  integrity.chains = chains(options);
  integrity.command =
      fmt::format("kcloud-logger audit verify {} --from {}", store, core::format_time(since));
  if (!options.heads.empty()) integrity.command += " --heads " + shell_word(checkpoints);
  if (key) {
    integrity.key_id = key->id();
    if (!options.heads.empty() && integrity.verified == integrity.checkpoints)
      integrity.command += " --public-key " + shell_word(public_key);
  }
  return integrity;
}

}  // namespace kcloud::report
