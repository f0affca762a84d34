// Options of the file collector: a `collectors:` entry with `type: file`. sample.yaml shows them.
// Reading them looks at no file.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "config/config.h"
#include "config/yaml.h"

namespace kcloud::file {

struct Config {
  std::vector<std::string> paths;    // globs
  std::vector<std::string> exclude;  // globs of whole paths, or of names when they hold no `/`
  std::string start = "beginning";   // beginning, end: of files found at the very first start
  std::string watch = "inotify";     // inotify, poll
  std::chrono::milliseconds poll_interval{5'000};
  std::chrono::milliseconds rotate_wait{10'000};  // a rotated file is let go after this long
  std::string format = "auto";                    // auto, json, cri, docker
  std::string other_lines = "skip";               // skip, dead_letter
  std::vector<std::pair<std::string, std::string>> path_types;  // glob -> event type, first wins
  std::uint64_t max_line_bytes = 0;                             // 0: twice intake.max_event_bytes
  std::uint32_t max_open_files = 512;

  bool operator==(const Config&) const = default;
};

// Problems are reported through `section`.
Config parse(config::Section& section);

// A JSON object with the keys of the file.
std::string show(const Config& config);

// For the table of collector types.
config::CollectorPlugin plugin();

}  // namespace kcloud::file
