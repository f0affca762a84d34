#include "collectors/file/config.h"

#include <fmt/format.h>

#include "core/json.h"

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

void append_text(std::string& out, std::string_view key, std::string_view text) {
  core::append_key(out, key);
  core::append_json_string(out, text);
}

void append_list(std::string& out, std::string_view key, const std::vector<std::string>& texts) {
  core::append_key(out, key);
  out += '[';
  for (const std::string& text : texts) {
    core::append_comma(out);
    core::append_json_string(out, text);
  }
  out += ']';
}

void append_duration(std::string& out, std::string_view key, milliseconds value) {
  append_text(out, key,
              value.count() % 1000 == 0 ? fmt::format("{}s", value.count() / 1000)
                                        : fmt::format("{}ms", value.count()));
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
  append_list(out, "paths", config.paths);
  append_list(out, "exclude", config.exclude);
  append_text(out, "start", config.start);
  append_text(out, "watch", config.watch);
  append_duration(out, "poll_interval", config.poll_interval);
  append_duration(out, "rotate_wait", config.rotate_wait);
  append_text(out, "format", config.format);
  append_text(out, "other_lines", config.other_lines);
  core::append_key(out, "path_types");
  out += '{';
  for (const auto& [glob, type] : config.path_types) {
    core::append_comma(out);
    core::append_json_string(out, glob);
    out += ':';
    core::append_json_string(out, type);
  }
  out += '}';
  core::append_key(out, "max_line_bytes");
  out += std::to_string(config.max_line_bytes);
  core::append_key(out, "max_open_files");
  out += std::to_string(config.max_open_files);
  out += '}';
  return out;
}

config::CollectorPlugin plugin() {
  return {"file",
          [](config::Section& section) -> std::shared_ptr<const void> {
            return std::make_shared<const Config>(parse(section));
          },
          [](const void* options) { return show(*static_cast<const Config*>(options)); },
          [](const void* one, const void* other) {
            return *static_cast<const Config*>(one) == *static_cast<const Config*>(other);
          }};
}

}  // namespace kcloud::file
