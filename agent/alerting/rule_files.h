// Where rules come from: the built-in defaults, the configured directory, what the API posted.
// Reads files; knows when they changed.
//
// One thread at a time. Reading blocks for the disk.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "config/yaml.h"
#include "rules/load.h"

namespace kcloud::alerting {

struct RuleSources {
  bool defaults = true;  // the built-in ones
  std::filesystem::path
      directory;                 // `*.yaml` and `*.yml` in it, but for `*_test.yaml`; empty: none
  std::filesystem::path posted;  // the same; what the API wrote
};

struct ReadRules {
  std::vector<rules::RuleFile> files;  // defaults, directory, posted; each by name
  config::Problems problems;           // what could not be read
};

ReadRules read_rules(const RuleSources& sources);

// Changes when a file of the directories is written, renamed, added or removed, also through a
// symlink (an editor's rename, a ConfigMap's swap). Cheap: no file is read.
std::string fingerprint(const RuleSources& sources);

}  // namespace kcloud::alerting
