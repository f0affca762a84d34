#include "config/yaml.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <limits>

#include "config/document.h"
#include "config/scalar.h"
#include "config/suggest.h"
#include "config/text_check.h"
#include "core/time.h"

namespace kcloud::config {

using std::chrono::milliseconds;

namespace {

struct Document {
  std::string file;
  Problems* problems;
  std::shared_ptr<const Source> source;
  Node root;
};

std::string_view kind_of(const Node& node) {
  switch (node.kind) {
    case Node::Kind::kNull:
      return "nothing";
    case Node::Kind::kScalar:
      return "text";
    case Node::Kind::kMap:
      return "a mapping";
    case Node::Kind::kList:
      break;
  }
  return "a list";
}

}  // namespace

struct Section::Impl {
  std::shared_ptr<Document> document;
  const Node* node = nullptr;  // a map; nullptr: absent or empty
  Place place;
  std::string path;
  std::vector<std::string> asked;
  std::vector<std::pair<std::string, std::shared_ptr<Impl>>> children;  // by key, also of lists
  bool ignores_rest = false;

  void report(Place at, std::string_view key, const std::string& message) const {
    const std::string where = key.empty() ? path : child_path(path, std::string(key));
    add_problem(*document->problems, document->file, at,
                where.empty() ? message : where + ": " + message);
  }

  // Index of the key, noted as asked for; nullopt when absent.
  std::optional<std::size_t> ask(std::string_view key) {
    if (std::find(asked.begin(), asked.end(), key) == asked.end()) asked.emplace_back(key);
    return find(key);
  }

  std::optional<std::size_t> find(std::string_view key) const {
    if (!node) return std::nullopt;
    for (std::size_t i = 0; i < node->keys.size(); ++i)
      if (node->keys[i].text == key) return i;
    return std::nullopt;
  }

  // Where a complaint about the key's value points: a scalar itself, else the key.
  Place place_of(std::size_t index) const {
    const Node& value = node->items[index];
    return value.kind == Node::Kind::kScalar ? value.place : node->keys[index].place;
  }

  void mismatch(std::size_t index, std::string_view expected, std::string_view found) const {
    report(place_of(index), node->keys[index].text,
           fmt::format("expected {}, found {}", expected, found));
  }

  // The key's value when it is there and of the kind; a problem when it is of another.
  const Node* value(std::string_view key, Node::Kind kind, std::string_view expected) {
    const auto index = ask(key);
    if (!index) return nullptr;
    const Node& found = node->items[*index];
    if (found.broken) return nullptr;
    if (found.kind == kind) return &found;
    const bool container = kind != Node::Kind::kScalar;
    if (found.kind == Node::Kind::kNull && container) return nullptr;
    mismatch(*index, expected, kind_of(found));
    return nullptr;
  }

  const Node* scalar(std::string_view key, std::string_view expected) {
    return value(key, Node::Kind::kScalar, expected);
  }

  // The scalars of a list, or the one that stands in its place; nullopt: absent or no list.
  std::optional<std::vector<const Node*>> scalars(std::string_view key) {
    const auto index = ask(key);
    if (!index) return std::nullopt;
    const Node& found = node->items[*index];
    if (found.broken) return std::nullopt;
    if (found.kind == Node::Kind::kMap || found.kind == Node::Kind::kNull) {
      mismatch(*index, "a list", kind_of(found));
      return std::nullopt;
    }
    if (found.kind == Node::Kind::kScalar) return std::vector<const Node*>{&found};
    std::vector<const Node*> scalars;
    for (std::size_t i = 0; i < found.items.size(); ++i) {
      const Node& item = found.items[i];
      if (item.kind == Node::Kind::kScalar)
        scalars.push_back(&item);
      else
        report(item.place, child_path(std::string(key), i),
               fmt::format("expected text, found {}", kind_of(item)));
    }
    return scalars;
  }

  Text text_of(const Node& scalar) const {
    return Text(scalar.text, scalar.place, document->source);
  }

  void wrong(std::string_view key, const Node& value, std::string_view expected) {
    report(value.place, key,
           fmt::format("expected {}, found '{}'", expected, shown(value.written)));
  }

  Section child(const std::string& key, const std::string& child_path, const Node* value,
                Place at) {
    auto impl = std::make_shared<Impl>();
    impl->document = document;
    impl->node = value && value->kind == Node::Kind::kMap ? value : nullptr;
    impl->place = at;
    impl->path = child_path;
    children.emplace_back(key, impl);
    return Section(impl);
  }

  Section item(std::string_view key, std::size_t index, const Node& value) {
    const std::string name = child_path(std::string(key), index);
    return child(name, child_path(path, name), &value, value.place);
  }

  template <typename Number>
  void read_number(std::string_view key, Number& target, Number min, Number max) {
    const bool size = key.ends_with("bytes");
    const auto in_words = [size](std::uint64_t n) {
      return size ? format_size(n) : std::to_string(n);
    };
    const std::string expected =
        size ? fmt::format("a size from {} to {}, such as 8MiB", in_words(min), in_words(max))
             : fmt::format("a whole number from {} to {}", min, max);
    const Node* found = scalar(key, expected);
    if (!found) return;
    const auto number = size ? parse_size(found->text) : parse_whole(found->text);
    if (!number || *number < min || *number > max) return wrong(key, *found, expected);
    target = static_cast<Number>(*number);
  }
};

std::string Problem::to_string() const {
  if (line == 0) return fmt::format("{}: error: {}", file, message);
  return fmt::format("{}:{}:{}: error: {}", file, line, column, message);
}

Section Section::parse(const std::string& text, const std::string& file,
                       const Environment& environment, Problems& problems) {
  Section section = parse(text, file, problems);
  substitute(section.impl_->document->root, "", file, environment, problems);
  return section;
}

Section Section::parse(const std::string& text, const std::string& file, Problems& problems) {
  auto document = std::make_shared<Document>(Document{file, &problems, nullptr, {}});
  if (auto root = parse_document(text, file, problems)) {
    document->source = std::make_shared<const Source>(text);
    document->root = std::move(*root);
  }
  auto impl = std::make_shared<Impl>();
  impl->document = document;
  const Node& root = document->root;
  impl->place = root.kind == Node::Kind::kNull ? Place{1, 1} : root.place;
  if (root.kind == Node::Kind::kMap)
    impl->node = &root;
  else if (root.kind != Node::Kind::kNull)
    impl->report(root.place, "", fmt::format("expected a mapping, found {}", kind_of(root)));
  return Section(impl);
}

void Section::read(std::string_view key, std::string& target) {
  if (const Node* found = impl_->scalar(key, "text")) target = found->text;
}

void Section::read(std::string_view key, Secret& target) {
  if (const Node* found = impl_->scalar(key, "text")) target.value = found->text;
}

void Section::read(std::string_view key, Text& target) {
  if (const Node* found = impl_->scalar(key, "text")) target = impl_->text_of(*found);
}

void Section::read(std::string_view key, bool& target) {
  constexpr std::string_view kExpected = "true or false";
  const Node* found = impl_->scalar(key, kExpected);
  if (!found) return;
  if (found->text != "true" && found->text != "false") return impl_->wrong(key, *found, kExpected);
  target = found->text == "true";
}

void Section::read(std::string_view key, double& target) {
  const Node* found = impl_->scalar(key, "a number");
  if (!found) return;
  const std::string& text = found->text;
  double number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  const bool whole = error == std::errc() && end == text.data() + text.size();
  if (!whole || !std::isfinite(number)) return impl_->wrong(key, *found, "a number");
  target = number;
}

void Section::read(std::string_view key, std::vector<std::string>& target) {
  const auto found = impl_->scalars(key);
  if (!found) return;
  target.clear();
  for (const Node* scalar : *found) target.push_back(scalar->text);
}

void Section::read(std::string_view key, std::vector<Text>& target) {
  const auto found = impl_->scalars(key);
  if (!found) return;
  target.clear();
  for (const Node* scalar : *found) target.push_back(impl_->text_of(*scalar));
}

void Section::read(std::string_view key, std::map<std::string, std::string>& target) {
  const Node* found = impl_->value(key, Node::Kind::kMap, "a mapping of texts");
  if (!found) return;
  std::map<std::string, std::string> values;
  for (std::size_t i = 0; i < found->items.size(); ++i) {
    const Node& item = found->items[i];
    if (item.kind == Node::Kind::kScalar)
      values[found->keys[i].text] = item.text;
    else
      impl_->report(found->keys[i].place, child_path(std::string(key), found->keys[i].text),
                    fmt::format("expected text, found {}", kind_of(item)));
  }
  target = std::move(values);
}

void Section::read(std::string_view key, std::uint64_t& target, std::uint64_t min,
                   std::uint64_t max) {
  impl_->read_number(key, target, min, max);
}

void Section::read(std::string_view key, std::uint32_t& target, std::uint32_t min,
                   std::uint32_t max) {
  impl_->read_number(key, target, min, max);
}

void Section::read(std::string_view key, milliseconds& target, milliseconds min, milliseconds max) {
  const bool plain = key.ends_with("_ms") || key.ends_with("_s");
  if (plain) {
    const std::uint64_t unit = key.ends_with("_ms") ? 1 : 1000;
    auto number = static_cast<std::uint64_t>(target.count()) / unit;
    impl_->read_number(key, number, static_cast<std::uint64_t>(min.count()) / unit,
                       static_cast<std::uint64_t>(max.count()) / unit);
    target = milliseconds(number * unit);
    return;
  }
  const std::string expected = fmt::format("a duration from {} to {}, such as 30s or 7d",
                                           format_duration(min), format_duration(max));
  const Node* found = impl_->scalar(key, expected);
  if (!found) return;
  const auto duration = core::parse_duration(found->text);
  if (!duration || *duration < min || *duration > max) return impl_->wrong(key, *found, expected);
  target = std::chrono::duration_cast<milliseconds>(*duration);
}

void Section::read_choice(std::string_view key, std::string& target,
                          const std::vector<std::string>& allowed) {
  const std::string expected = "one of " + joined(allowed);
  const Node* found = impl_->scalar(key, expected);
  if (!found) return;
  if (std::find(allowed.begin(), allowed.end(), found->text) == allowed.end())
    return impl_->wrong(key, *found, expected);
  target = found->text;
}

bool Section::has(std::string_view key) const { return impl_->find(key).has_value(); }

std::vector<std::string> Section::keys() const {
  std::vector<std::string> keys;
  if (impl_->node)
    for (const auto& key : impl_->node->keys) keys.push_back(key.text);
  return keys;
}

Section Section::section(std::string_view key) {
  const std::string name(key);
  for (const auto& [asked, impl] : impl_->children)
    if (asked == name) return Section(impl);
  const Node* found = impl_->value(key, Node::Kind::kMap, "a mapping");
  const auto index = impl_->find(key);
  return impl_->child(name, child_path(impl_->path, name), found,
                      index ? impl_->node->keys[*index].place : impl_->place);
}

std::vector<Section> Section::list(std::string_view key) {
  std::vector<Section> sections;
  const Node* found = impl_->value(key, Node::Kind::kList, "a list");
  if (!found) return sections;
  for (std::size_t i = 0; i < found->items.size(); ++i) {
    const Node& item = found->items[i];
    if (item.kind != Node::Kind::kMap)
      impl_->report(item.place, child_path(std::string(key), i),
                    fmt::format("expected a mapping, found {}", kind_of(item)));
    else
      sections.push_back(impl_->item(key, i, item));
  }
  return sections;
}

std::vector<std::variant<Text, Section>> Section::items(std::string_view key) {
  std::vector<std::variant<Text, Section>> items;
  const Node* found = impl_->value(key, Node::Kind::kList, "a list");
  if (!found) return items;
  for (std::size_t i = 0; i < found->items.size(); ++i) {
    const Node& item = found->items[i];
    if (item.kind == Node::Kind::kScalar)
      items.emplace_back(impl_->text_of(item));
    else if (item.kind == Node::Kind::kMap)
      items.emplace_back(impl_->item(key, i, item));
    else
      impl_->report(item.place, child_path(std::string(key), i),
                    fmt::format("expected text or a mapping, found {}", kind_of(item)));
  }
  return items;
}

std::vector<std::pair<std::string, Section>> Section::named(std::string_view key) {
  std::vector<std::pair<std::string, Section>> sections;
  Section parent = section(key);
  for (const auto& name : parent.keys()) sections.emplace_back(name, parent.section(name));
  return sections;
}

void Section::fail(std::string_view key, const std::string& message) {
  const auto index = impl_->find(key);
  impl_->report(index ? impl_->place_of(*index) : impl_->place, key, message);
}

Place Section::place(std::string_view key) const {
  const auto index = impl_->find(key);
  return index ? impl_->place_of(*index) : impl_->place;
}

Place Section::key_place(std::string_view key) const {
  const auto index = impl_->find(key);
  return index ? impl_->node->keys[*index].place : impl_->place;
}

void Section::finish() {
  if (impl_->node && !impl_->ignores_rest) {
    for (const auto& key : impl_->node->keys) {
      if (std::find(impl_->asked.begin(), impl_->asked.end(), key.text) != impl_->asked.end())
        continue;
      impl_->report(key.place, "",
                    fmt::format("unknown key '{}'{}; allowed: {}", shown(key.text),
                                did_you_mean(key.text, impl_->asked), joined(impl_->asked)));
    }
  }
  for (const auto& [key, child] : impl_->children) Section(child).finish();
}

void Section::ignore_rest() { impl_->ignores_rest = true; }
bool Section::empty() const { return !impl_->node || impl_->node->keys.empty(); }
const std::string& Section::path() const { return impl_->path; }

}  // namespace kcloud::config
