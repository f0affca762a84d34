#include "collectors/file/config.h"

#include <fmt/format.h>

#include "config/show.h"

namespace kcloud::file {
namespace {

using std::chrono::milliseconds;

void check_globs(config::Section& section, const char* key, const std::vector<std::string>& globs) {
  for (const std::string& glob : globs) {
    if (glob.empty() || glob.ends_with('/'))
      section.fail(key, fmt::format("'{}' names no file; expected a path or a glob of files, for "
                                    "example /var/log/kcloud/*.log",
                                    glob));
    else if (glob.find("**") != std::string::npos)
      section.fail(key, fmt::format("'{}': `**` is not known; write one `*` for each level of "
                                    "folders",
                                    glob));
  }
}

std::vector<std::pair<std::string, std::string>> read_path_types(config::Section& section) {
  std::vector<std::pair<std::string, std::string>> types;
  config::Section map = section.section("path_types");
  for (const std::string& glob : map.keys()) {
    std::string type;
    map.read(glob, type);
    if (type.empty()) map.fail(glob, "must name an event type");
    types.emplace_back(glob, type);
  }
  return types;
}

}  // namespace

Config parse(config::Section& section) {
  Config config;
  section.read("paths", config.paths);
  section.read("exclude", config.exclude);
  section.read_choice("start", config.start, {"beginning", "end"});
  section.read_choice("watch", config.watch, {"inotify", "poll"});
  section.read("poll_interval", config.poll_interval, milliseconds(100), milliseconds(3'600'000));
  section.read("rotate_wait", config.rotate_wait, milliseconds(100), milliseconds(3'600'000));
  section.read_choice("format", config.format, {"auto", "json", "cri", "docker"});
  section.read_choice("other_lines", config.other_lines, {"skip", "dead_letter"});
  config.path_types = read_path_types(section);
  section.read("max_line_bytes", config.max_line_bytes, 0, 64 << 20);
  if (config.max_line_bytes != 0 && config.max_line_bytes < 1024)
    section.fail("max_line_bytes", "must be 0 (twice intake.max_event_bytes) or at least 1KiB");
  section.read("max_open_files", config.max_open_files, 1, 100'000);
  if (config.paths.empty())
    section.fail(section.has("paths") ? "paths" : "",
                 "needs `paths`: globs of the files to follow, for example "
                 "paths: [/var/log/kcloud/*.log]");
  check_globs(section, "paths", config.paths);
  return config;
}

std::string show(const Config& config) {
  std::string out = "{";
  const config::Shower show{out};
  show("paths", config.paths);
  show("exclude", config.exclude);
  show("start", config.start);
  show("watch", config.watch);
  show("poll_interval", config.poll_interval);
  show("rotate_wait", config.rotate_wait);
  show("format", config.format);
  show("other_lines", config.other_lines);
  show("path_types", config.path_types);
  show("max_line_bytes", config.max_line_bytes);
  show("max_open_files", config.max_open_files);
  return out + "}";
}

config::CollectorPlugin plugin() {
  return config::collector_plugin("file", parse, show, "path_types", &Config::path_types);
}

}  // namespace kcloud::file
