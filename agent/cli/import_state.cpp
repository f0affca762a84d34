#include "agent/cli/import_state.h"

#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <stdexcept>

#include "core/durable_file.h"
#include "core/event_id.h"
#include "core/json.h"

namespace kcloud::cli {
namespace {

constexpr std::uint64_t kHeadBytes = 64 << 10;

std::string hex(const core::Sha256& digest) {
  std::string text;
  for (const auto byte : digest) text += fmt::format("{:02x}", byte);
  return text;
}

// SHA-256 of the first `bytes`; empty when there are fewer.
std::string head_of(const std::string& path, std::uint64_t bytes) {
  std::ifstream file(path, std::ios::binary);
  std::string head(bytes, '\0');
  if (!file.read(head.data(), static_cast<std::streamsize>(bytes)) && bytes > 0) return {};
  return hex(core::sha256(head));
}

}  // namespace

std::optional<FileIdentity> identify(const std::string& file) {
  struct stat info {};
  if (file == "-" || stat(file.c_str(), &info) != 0 || !S_ISREG(info.st_mode)) return std::nullopt;
  std::error_code error;
  FileIdentity identity;
  identity.path = std::filesystem::canonical(file, error).string();
  if (error) return std::nullopt;
  identity.size = static_cast<std::uint64_t>(info.st_size);
  identity.head_bytes = std::min(identity.size, kHeadBytes);
  identity.head = head_of(identity.path, identity.head_bytes);
  if (identity.head.empty()) return std::nullopt;
  return identity;
}

std::string to_json(const ImportState& state) {
  std::string out = "{\"path\":";
  core::append_json_string(out, state.file.path);
  return out + fmt::format(
                   ",\"size\":{},\"head_bytes\":{},\"head\":\"{}\",\"journal\":\"{}\","
                   "\"offset\":{},\"line\":{},\"done\":{}}}",
                   state.file.size, state.file.head_bytes, state.file.head, state.journal,
                   state.place.offset, state.place.line, state.done);
}

std::optional<ImportState> parse_state(const std::string& json) {
  ImportState state;
  state.file.path = core::json_text_at(json, "path");
  state.file.head = core::json_text_at(json, "head");
  state.journal = core::json_text_at(json, "journal");
  state.done = core::json_text_at(json, "done") == "true";
  const auto size = core::json_number_at(json, "size");
  const auto head_bytes = core::json_number_at(json, "head_bytes");
  const auto offset = core::json_number_at(json, "offset");
  const auto line = core::json_number_at(json, "line");
  if (state.file.path.empty() || !size || !head_bytes || !offset || !line) return std::nullopt;
  state.file.size = *size;
  state.file.head_bytes = *head_bytes;
  state.place = {*offset, *line};
  return state;
}

bool is_continuation(const FileIdentity& file, const ImportState& state) {
  return file.path == state.file.path && file.size >= state.file.size &&
         head_of(file.path, state.file.head_bytes) == state.file.head;
}

std::string state_name(const std::string& path, const std::string& target) {
  return "import-" + hex(core::sha256(path + '\n' + target)).substr(0, 32);
}

std::string state_directory() {
  const char* state_home = std::getenv("XDG_STATE_HOME");
  const char* home = std::getenv("HOME");
  std::string base = state_home != nullptr ? state_home : "";
  if (!base.starts_with('/')) base = (home != nullptr ? std::string(home) : "") + "/.local/state";
  std::string directory = base + "/kcloud-logger";
  std::error_code error;
  std::filesystem::create_directories(directory, error);
  if (error) {
    throw std::runtime_error("cannot make " + directory + ": " + error.message() +
                             ". Hint: set XDG_STATE_HOME to a writable directory");
  }
  return directory;
}

std::string read_state_file(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  std::ostringstream text;
  text << file.rdbuf();
  return text.str();
}

void write_state_file(const std::string& path, const std::string& text) {
  core::write_durably(path, text);
}

}  // namespace kcloud::cli
