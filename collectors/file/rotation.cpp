#include "collectors/file/rotation.h"

#include <fmt/format.h>
#include <fnmatch.h>
#include <glob.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <set>

namespace kcloud::file {
namespace {

bool is_digit(char c) { return c >= '0' && c <= '9'; }

// What stands behind a name's separator when it was rotated: a number or a time.
bool is_number_or_time(std::string_view text) {
  return !text.empty() && is_digit(text.front()) &&
         std::all_of(text.begin(), text.end(), [](char c) {
           return is_digit(c) || c == '-' || c == '.' || c == '_' || c == ':' || c == 'T' ||
                  c == 'Z';
         });
}

bool is_suffix(std::string_view text) {
  // What logrotate does with a file that stands where it wants to create one.
  if (text.starts_with('-') && text.ends_with(".backup")) text.remove_suffix(7);
  if (text == ".old" || text == ".bak") return true;
  return text.size() > 1 && (text[0] == '.' || text[0] == '-' || text[0] == '_') &&
         is_number_or_time(text.substr(1));
}

class Glob {
 public:
  Glob(const std::string& pattern, int flags) {
    result = ::glob(pattern.c_str(), flags, nullptr, &found_);
  }
  ~Glob() { ::globfree(&found_); }
  Glob(const Glob&) = delete;
  Glob& operator=(const Glob&) = delete;

  const char* const* begin() const { return found_.gl_pathv; }
  const char* const* end() const { return found_.gl_pathv + found_.gl_pathc; }
  int result = 0;

 private:
  glob_t found_{};
};

bool has_wildcard(std::string_view text) {
  return text.find_first_of("*?[") != std::string_view::npos;
}

}  // namespace

FileState state_of(const struct ::stat& stat) {
  return {{stat.st_dev, stat.st_ino},
          static_cast<std::uint64_t>(stat.st_size),
          stat.st_mtim.tv_sec * 1'000'000'000 + stat.st_mtim.tv_nsec};
}

bool matches(const std::string& glob, const std::string& path) {
  if (glob.find('/') != std::string::npos)
    return ::fnmatch(glob.c_str(), path.c_str(), FNM_PATHNAME) == 0;
  return ::fnmatch(glob.c_str(), name_of(path).c_str(), 0) == 0;
}

std::vector<Match> find_files(const std::vector<std::string>& paths,
                              const std::vector<std::string>& exclude,
                              std::vector<std::string>& problems) {
  std::vector<Match> found;
  std::set<std::string> seen;
  for (const std::string& pattern : paths) {
    const Glob glob(pattern, GLOB_NOSORT);
    if (glob.result == GLOB_NOSPACE || glob.result == GLOB_ABORTED)
      problems.push_back(fmt::format("{}: cannot be looked up", pattern));
    for (const std::string path : glob) {
      const bool excluded = std::any_of(exclude.begin(), exclude.end(),
                                        [&](const auto& one) { return matches(one, path); });
      if (excluded || is_compressed(path)) continue;
      struct ::stat stat {};
      if (::stat(path.c_str(), &stat) != 0) {
        if (errno != ENOENT) problems.push_back(fmt::format("{}: {}", path, std::strerror(errno)));
        continue;
      }
      if (S_ISREG(stat.st_mode) && seen.insert(path).second)
        found.push_back({path, state_of(stat)});
    }
  }
  std::sort(found.begin(), found.end(),
            [](const Match& a, const Match& b) { return a.path < b.path; });
  return found;
}

std::vector<std::string> folders_of(const std::string& glob) {
  std::set<std::string> folders;
  std::size_t slash = glob.rfind('/');
  std::string pattern = folder_of(glob);
  while (true) {
    const Glob found(pattern, GLOB_ONLYDIR | GLOB_NOSORT);
    for (const char* folder : found) folders.insert(folder);
    // Without a wildcard above, a folder appears only with the one above it.
    const bool may_appear = has_wildcard(pattern) || folders.empty();
    if (!may_appear || pattern == "/" || pattern == ".") break;
    slash = pattern.rfind('/');
    if (slash == std::string::npos) break;
    pattern = slash == 0 ? "/" : pattern.substr(0, slash);
  }
  return {folders.begin(), folders.end()};
}

bool is_compressed(std::string_view name) { return name.ends_with(".gz"); }

bool is_rotation_of(std::string_view name, std::string_view base) {
  if (is_compressed(name)) {
    name.remove_suffix(3);
    if (name == base) return true;
  }
  if (name.size() <= base.size()) return false;
  if (name.starts_with(base)) return is_suffix(name.substr(base.size()));
  const auto dot = base.rfind('.');
  if (dot == std::string_view::npos || dot == 0) return false;
  const std::string_view stem = base.substr(0, dot), extension = base.substr(dot);
  if (!name.starts_with(stem) || !name.ends_with(extension)) return false;
  return is_suffix(name.substr(stem.size(), name.size() - base.size()));
}

std::string folder_of(const std::string& path) {
  const auto slash = path.rfind('/');
  if (slash == std::string::npos) return ".";
  return slash == 0 ? "/" : path.substr(0, slash);
}

std::string name_of(const std::string& path) {
  const auto slash = path.rfind('/');
  return slash == std::string::npos ? path : path.substr(slash + 1);
}

}  // namespace kcloud::file
