#include "config/document.h"

#include <fmt/format.h>
#include <yaml-cpp/eventhandler.h>
#include <yaml-cpp/exceptions.h>
#include <yaml-cpp/parser.h>

#include <algorithm>
#include <sstream>

#include "config/text_check.h"

namespace kcloud::config {
namespace {

constexpr std::size_t kMaxDepth = 64;
constexpr std::size_t kMaxValues = 100'000;
constexpr std::size_t kMaxKeys = 2'000;
constexpr std::size_t kMaxProblems = 100;

struct Refused {
  Place place;
  std::string message;
};

Place place_of(const YAML::Mark& mark) {
  return mark.is_null() ? Place{} : Place{mark.line + 1, mark.column + 1};
}

class TreeBuilder final : public YAML::EventHandler {
 public:
  TreeBuilder(const std::string& file, Problems& problems) : file_(file), problems_(problems) {}

  Node take() { return std::move(root_); }

  void OnDocumentStart(const YAML::Mark& mark) override {
    if (documents_++ > 0) throw Refused{place_of(mark), "more than one document (`---`)"};
  }
  void OnDocumentEnd() override {}
  void OnNull(const YAML::Mark& mark, YAML::anchor_t anchor) override {
    check(mark, "?", anchor);
    add(Node{.place = place_of(mark)});
  }
  void OnAlias(const YAML::Mark& mark, YAML::anchor_t) override { refuse_alias(mark); }
  void OnScalar(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                const std::string& value) override {
    check(mark, tag, anchor);
    add(Node{
        .kind = Node::Kind::kScalar, .place = place_of(mark), .text = value, .written = value});
  }
  void OnSequenceStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                       YAML::EmitterStyle::value) override {
    open(mark, tag, anchor, Node::Kind::kList);
  }
  void OnSequenceEnd() override { close(); }
  void OnMapStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                  YAML::EmitterStyle::value) override {
    open(mark, tag, anchor, Node::Kind::kMap);
  }
  void OnMapEnd() override { close(); }

  [[noreturn]] static void refuse_alias(const YAML::Mark& mark) {
    throw Refused{place_of(mark),
                  "anchors and aliases (& and *) are not supported; quote the value if it begins "
                  "with one"};
  }

 private:
  // An open container, and in a map whether the next value is a key's.
  struct Level {
    Node node;
    bool has_key = false;
    bool duplicate = false;
  };

  void check(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor) {
    if (anchor != 0) refuse_alias(mark);
    if (!tag.empty() && tag != "?" && tag != "!")
      throw Refused{place_of(mark),
                    "tags (!) are not supported; quote the value if it begins with one"};
    if (++values_ > kMaxValues)
      throw Refused{place_of(mark), fmt::format("more than {} values", kMaxValues)};
  }

  void open(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
            Node::Kind kind) {
    check(mark, tag, anchor);
    if (levels_.size() >= kMaxDepth)
      throw Refused{place_of(mark), fmt::format("nested deeper than {}", kMaxDepth)};
    levels_.push_back({Node{.kind = kind, .place = place_of(mark)}});
  }

  void close() {
    Node node = std::move(levels_.back().node);
    levels_.pop_back();
    add(std::move(node));
  }

  void add(Node node) {
    if (levels_.empty()) {
      root_ = std::move(node);
      return;
    }
    Level& level = levels_.back();
    if (level.node.kind == Node::Kind::kList) {
      level.node.items.push_back(std::move(node));
    } else if (!level.has_key) {
      add_key(level, node);
    } else {
      if (!level.duplicate) level.node.items.push_back(std::move(node));
      level.has_key = false;
    }
  }

  void add_key(Level& level, const Node& key) {
    if (key.kind != Node::Kind::kScalar)
      throw Refused{key.place, "a key must be text; quote a value that begins with { or ["};
    const auto& keys = level.node.keys;
    if (keys.size() >= kMaxKeys)
      throw Refused{key.place, fmt::format("more than {} keys in a mapping", kMaxKeys)};
    const auto same = std::find_if(keys.begin(), keys.end(),
                                   [&](const Node::Key& k) { return k.text == key.text; });
    level.has_key = true;
    level.duplicate = same != keys.end();
    if (level.duplicate)
      add_problem(
          problems_, file_, key.place,
          fmt::format("duplicate key '{}' (first at line {})", shown(key.text), same->place.line));
    else
      level.node.keys.push_back({key.text, key.place});
  }

  const std::string& file_;
  Problems& problems_;
  std::vector<Level> levels_;
  Node root_;
  std::size_t values_ = 0;
  int documents_ = 0;
};

std::string line_of(const std::string& text, int number) {
  std::istringstream lines(text);
  std::string line;
  for (int i = 0; i < number && std::getline(lines, line); ++i) {
  }
  return line;
}

// yaml-cpp's words, without what they quote from the file, and with a hint where we know one.
std::string syntax_message(const YAML::Exception& error, const std::string& text) {
  std::string message = error.msg.substr(0, error.msg.find(':'));
  if (message.empty()) message = "no valid YAML";
  if (line_of(text, error.mark.line + 1).find("${") != std::string::npos)
    message += "; inside [ ] and { } a value with ${…} must be quoted";
  return message;
}

}  // namespace

std::optional<Node> parse_document(const std::string& text, const std::string& file,
                                   Problems& problems) {
  const auto refuse = [&](Place place, std::string message) {
    add_problem(problems, file, place, std::move(message));
    return std::nullopt;
  };
  if (const auto fault = check_text(text))
    return refuse({fault->line, fault->column}, fault->message);
  TreeBuilder builder(file, problems);
  try {
    // yaml-cpp takes a quoted text that never ends for ended when the last character is a newline;
    // a comment behind it makes that the error it is.
    std::istringstream stream(text + (text.ends_with('\n') ? "#" : "\n#"));
    YAML::Parser parser(stream);
    while (parser.HandleNextDocument(builder)) {
    }
  } catch (const Refused& refused) {
    return refuse(refused.place, refused.message);
  } catch (const YAML::Exception& error) {
    if (error.msg.starts_with(YAML::ErrorMsg::UNKNOWN_ANCHOR)) {
      return refuse(place_of(error.mark),
                    "anchors and aliases (& and *) are not supported; quote "
                    "the value if it begins with one");
    }
    return refuse(place_of(error.mark), syntax_message(error, text));
  }
  return builder.take();
}

void add_problem(Problems& problems, const std::string& file, Place place, std::string message) {
  if (problems.size() < kMaxProblems)
    problems.push_back({file, place.line, place.column, std::move(message)});
}

std::string child_path(const std::string& path, const std::string& key) {
  return path.empty() ? key : path + "." + key;
}

std::string child_path(const std::string& path, std::size_t index) {
  return fmt::format("{}[{}]", path, index);
}

}  // namespace kcloud::config
