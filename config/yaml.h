// A strict reader over YAML: every problem is collected with its place (file:line:column), what was
// found and what is expected; nothing throws half way. Hides yaml-cpp. Not thread-safe; used at
// start-up and on reload.
//
//   Problems problems;
//   Section root = Section::parse(text, "kcloud-logger.yaml", env, problems);
//   Section http = root.section("http");
//   http.read("listen", config.listen);          // leaves the default when absent
//   root.finish();                               // reports every key nobody asked for
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "config/text.h"

namespace kcloud::config {

struct Problem {
  std::string file;
  int line = 0;         // 1-based; 0: the whole file
  int column = 0;       // 1-based
  std::string message;  // ends with a hint where there is one

  std::string to_string() const;  // `file:line:column: error: message`
};
using Problems = std::vector<Problem>;

// A value read from `${ENV}` or `${file:/path}` in the text; shown as `***`.
struct Secret {
  std::string value;
  bool empty() const { return value.empty(); }
  bool operator==(const Secret&) const = default;
};

// Where `${NAME}` and `${file:PATH}` are looked up; tests pass their own.
struct Environment {
  std::function<std::optional<std::string>(const std::string& name)> variable;
  std::function<std::optional<std::string>(const std::string& path)> file;
  static Environment system();
};

class Section {
 public:
  // Parses one document. Duplicate keys, aliases, anchors, tags, several documents, text over 4
  // MiB, nesting deeper than 64 and more than 100,000 values are problems. `${NAME}` and
  // `${file:PATH}` are replaced in values; what they stand for never appears in a problem. Returns
  // an empty section when the text is no mapping.
  static Section parse(const std::string& text, const std::string& file,
                       const Environment& environment, Problems& problems);
  // The same, with `${` as any other text.
  static Section parse(const std::string& text, const std::string& file, Problems& problems);

  // Each `read` leaves `target` alone when the key is absent and reports a problem when the value
  // does not fit. Numbers of keys that end in `bytes` may be written `8MiB`, `10GB`.
  void read(std::string_view key, std::string& target);
  void read(std::string_view key, bool& target);
  void read(std::string_view key, double& target);
  void read(std::string_view key, Secret& target);
  // With their places; of a text without replaced `${…}` only.
  void read(std::string_view key, Text& target);
  void read(std::string_view key, std::vector<Text>& target);         // a list, or one scalar
  void read(std::string_view key, std::vector<std::string>& target);  // a list, or one scalar
  void read(std::string_view key, std::map<std::string, std::string>& target);  // a flat mapping
  void read(std::string_view key, std::uint64_t& target, std::uint64_t min, std::uint64_t max);
  void read(std::string_view key, std::uint32_t& target, std::uint32_t min, std::uint32_t max);
  // Durations: `<noun>_ms`/`<noun>_s` keys hold plain numbers; keys without a unit hold `30s`,
  // `7d`.
  void read(std::string_view key, std::chrono::milliseconds& target, std::chrono::milliseconds min,
            std::chrono::milliseconds max);
  // One of `allowed`.
  void read_choice(std::string_view key, std::string& target,
                   const std::vector<std::string>& allowed);

  bool has(std::string_view key) const;
  // The section's keys, in file order.
  std::vector<std::string> keys() const;
  Section section(std::string_view key);            // empty section when absent
  std::vector<Section> list(std::string_view key);  // a list of mappings
  std::vector<std::variant<Text, Section>> items(std::string_view key);  // of texts and mappings
  std::vector<std::pair<std::string, Section>> named(
      std::string_view key);  // a mapping of mappings, in file order

  // A problem at the place of `key` (or of the section itself when empty).
  void fail(std::string_view key, const std::string& message);
  // Where fail() would put it; a mapping stands at its first key.
  Place place(std::string_view key = {}) const;
  Place key_place(std::string_view key) const;  // of the key itself
  // Reports keys that were never asked for; also in every section handed out.
  void finish();
  // Leaves the section's keys unreported: what they mean is not known.
  void ignore_rest();

  bool empty() const;
  // Where the section stands in the document: `http.tokens[0]`; empty for the root.
  const std::string& path() const;

  struct Impl;
  explicit Section(std::shared_ptr<Impl> impl) : impl_(std::move(impl)) {}

 private:
  std::shared_ptr<Impl> impl_;
};

}  // namespace kcloud::config
