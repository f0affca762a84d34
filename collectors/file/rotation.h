// Names: which files the globs mean, and which names rotation gives to what a file held before.
// Pure but for find_files.
#pragma once

#include <sys/stat.h>

#include <compare>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace kcloud::file {

// Tells a file from any other that exists at the same time.
struct FileKey {
  std::uint64_t device = 0;
  std::uint64_t inode = 0;
  auto operator<=>(const FileKey&) const = default;
};

struct FileState {
  FileKey key;
  std::uint64_t size = 0;
  std::int64_t modified = 0;  // ns since 1970
};
FileState state_of(const struct ::stat& stat);

struct Match {
  std::string path;
  FileState state;
};

// Regular files that `paths` match and `exclude` does not, links followed, sorted by path.
// Compressed ones (`.gz`) are no files of their own. Folders that cannot be read go into
// `problems`.
std::vector<Match> find_files(const std::vector<std::string>& paths,
                              const std::vector<std::string>& exclude,
                              std::vector<std::string>& problems);

// A glob with a `/` is of the whole path (`*` stays within a folder), another of the name alone.
bool matches(const std::string& glob, const std::string& path);

// The existing folders in which files that `glob` matches may appear, or folders on the way there.
std::vector<std::string> folders_of(const std::string& glob);

bool is_compressed(std::string_view name);  // `.gz`

// Whether rotation makes `name` of a file `base` in the same folder: `app.log.1`,
// `app.log-20250115`, `app-20250115.log`, `app.log.20250115-101500`, `app.log.old`, each also with
// `.gz`.
bool is_rotation_of(std::string_view name, std::string_view base);

std::string folder_of(const std::string& path);
std::string name_of(const std::string& path);

}  // namespace kcloud::file
