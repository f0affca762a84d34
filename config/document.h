// A YAML text as a plain tree with places, made from yaml-cpp's events. Internal to config/.
//
// Refused before or while the tree is built, in bounded memory: text over 4 MiB, lines over 64 KiB,
// nesting deeper than 64, more than 100,000 values or 2,000 keys in a mapping, bytes that are no
// UTF-8, control characters, anchors, aliases, tags, several documents. Duplicate keys are
// reported, the first one counts.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "config/yaml.h"

namespace kcloud::config {

struct Node {
  enum class Kind : std::uint8_t { kNull, kScalar, kMap, kList };
  struct Key {
    std::string text;
    Place place;
  };

  Kind kind = Kind::kNull;
  Place place{};
  std::string text{};       // a scalar's value, `${…}` replaced
  std::string written{};    // the value as it stands in the file: what messages may show
  bool broken = false;      // a `${…}` in it failed and was reported
  std::vector<Key> keys{};  // of a map: keys[i] belongs to items[i]
  std::vector<Node> items{};
};

// Appends unless there are 100 already: a hostile text must not cost more than a bad one.
void add_problem(Problems& problems, const std::string& file, Place place, std::string message);

// nullopt when the text is refused as a whole; the reason is in `problems`.
std::optional<Node> parse_document(const std::string& text, const std::string& file,
                                   Problems& problems);

// Replaces `${NAME}` and `${file:PATH}` in every scalar below `node`; `$${` stands for `${`.
void substitute(Node& node, const std::string& path, const std::string& file,
                const Environment& environment, Problems& problems);

// `http.tokens[0]` style paths for messages.
std::string child_path(const std::string& path, const std::string& key);
std::string child_path(const std::string& path, std::size_t index);

}  // namespace kcloud::config
