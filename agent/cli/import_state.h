// How far a file is imported, and whether a file is the one it was.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "agent/cli/record_reader.h"

namespace kcloud::cli {

// A file by its name and its first bytes, so that it may grow but not be another one.
struct FileIdentity {
  std::string path;  // absolute
  std::uint64_t size = 0;
  std::uint64_t head_bytes = 0;  // at most 64 KiB
  std::string head;              // SHA-256 of those, hexadecimal
};

// nullopt: cannot be told apart (standard input, pipes, unreadable). Reads the file's beginning.
std::optional<FileIdentity> identify(const std::string& file);

struct ImportState {
  FileIdentity file;
  std::string journal;  // epoch of the journal that has it
  Place place;          // up to here every record is stored or refused
  bool done = false;    // the file was that long, and all of it was taken
};

std::string to_json(const ImportState& state);
std::optional<ImportState> parse_state(const std::string& json);  // nullopt: none, or unreadable

// Whether `file` begins with what `state` was about. Reads the file's beginning.
bool is_continuation(const FileIdentity& file, const ImportState& state);

// A short name for a file and where it goes.
std::string state_name(const std::string& path, const std::string& target);

// $XDG_STATE_HOME/kcloud-logger, by default ~/.local/state/kcloud-logger; made when missing. Throws
// std::runtime_error with a hint.
std::string state_directory();
// nullopt text: no such file. Writing replaces the file at once.
std::string read_state_file(const std::string& path);
void write_state_file(const std::string& path, const std::string& text);

}  // namespace kcloud::cli
