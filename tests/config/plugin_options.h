// Reading a plugin's options as an entry of the file has them.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "tests/config/environment.h"

namespace kcloud::config {

template <typename Options>
struct ReadOptions {
  Options config;
  std::vector<std::string> problems;
};

template <typename Options>
ReadOptions<Options> read_options(Options (*parse)(Section&), const std::string& text,
                                  const std::map<std::string, std::string>& variables = {}) {
  Problems problems;
  auto section = Section::parse(text, "test.yaml", fake_environment(variables), problems);
  ReadOptions<Options> read{parse(section), {}};
  section.finish();
  for (const auto& problem : problems) read.problems.push_back(problem.to_string());
  return read;
}

}  // namespace kcloud::config
