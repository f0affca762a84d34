#include "core/redact.h"

#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <simdjson.h>

#include <algorithm>
#include <array>
#include <optional>

#include "core/json.h"
#include "core/json_scan.h"

namespace kcloud::core {

namespace {

constexpr std::string_view kMasked = "***";
constexpr std::string_view kHashed = "hmac:";
constexpr std::size_t kHashDigits = 32;
constexpr std::size_t kNoRule = static_cast<std::size_t>(-1);

struct Node {
  std::vector<std::pair<std::string, std::size_t>> members;
  std::size_t elements = 0;  // node of `[]`; 0: none
  std::size_t rule = kNoRule;
};

std::string keyed_hash(const std::string& key, std::string_view text) {
  std::array<unsigned char, EVP_MAX_MD_SIZE> digest;
  unsigned size = 0;
  HMAC(EVP_sha256(), key.data(), static_cast<int>(key.size()),
       reinterpret_cast<const unsigned char*>(text.data()), text.size(), digest.data(), &size);
  static constexpr char kHex[] = "0123456789abcdef";
  std::string out(kHashed);
  for (std::size_t i = 0; i < kHashDigits / 2; ++i) {
    out.push_back(kHex[digest[i] >> 4]);
    out.push_back(kHex[digest[i] & 15]);
  }
  return out;
}

// So that an event that is read back and posted again stays the same event.
bool is_keyed_hash(std::string_view text) {
  return text.size() == kHashed.size() + kHashDigits && text.starts_with(kHashed) &&
         text.find_first_not_of("0123456789abcdef", kHashed.size()) == text.npos;
}

bool starts_character(char c) { return (static_cast<unsigned char>(c) & 0xC0) != 0x80; }

std::string masked(std::string_view text, std::size_t keep_last) {
  if (keep_last == 0) return std::string(kMasked);
  std::size_t characters = 0;
  for (const char c : text) characters += starts_character(c) ? 1 : 0;
  const bool again = text.starts_with(kMasked) && characters == kMasked.size() + keep_last;
  if (characters < 2 * keep_last && !again) return std::string(kMasked);
  std::size_t at = text.size();
  for (std::size_t kept = 0; kept < keep_last;) kept += starts_character(text[--at]) ? 1 : 0;
  return std::string(kMasked).append(text.substr(at));
}

// One pass over a text. `copied_` is how far it has gone to `out_`; what is in between stays.
class Pass {
 public:
  Pass(std::string_view text, std::span<const Node> nodes, const std::vector<RedactRule>& rules,
       Counter* hits, std::string& out)
      : at_(text.data()),
        end_(at_ + text.size()),
        copied_(at_),
        nodes_(nodes),
        rules_(rules),
        hits_(hits),
        out_(out) {}

  Redaction::Result run() {
    at_ = skip_spaces(at_, end_);
    if (at_ == end_ || *at_ != '{' || !container(nodes_.front()))
      return Redaction::Result::kMalformed;
    if (skip_spaces(at_, end_) != end_) return Redaction::Result::kMalformed;
    if (!touched_) return Redaction::Result::kUntouched;
    copy_to(end_);
    return Redaction::Result::kRedacted;
  }

 private:
  // The object or array at `at_`; recursion ends with the rules' paths.
  bool container(const Node& node) {
    const bool object = *at_ == '{';
    const char close = object ? '}' : ']';
    const Node* elements = node.elements == 0 ? nullptr : &nodes_[node.elements];
    const char* slice = ++at_;
    bool kept = false;
    at_ = skip_spaces(at_, end_);
    if (at_ != end_ && *at_ == close) return ++at_, true;
    while (true) {
      const Node* inner = elements;
      bool drop = false;
      if (object && !member(node, inner)) return false;
      if (!value(inner, drop)) return false;
      at_ = skip_spaces(at_, end_);
      if (at_ == end_ || (*at_ != ',' && *at_ != close)) return false;
      const bool last = *at_ == close;
      if (drop) {
        remove(slice, kept, last);
      } else {
        kept = true;
      }
      slice = ++at_;
      if (last) return true;
    }
  }

  // A key and its colon; leaves the node of the key, if any.
  bool member(const Node& node, const Node*& inner) {
    inner = nullptr;
    at_ = skip_spaces(at_, end_);
    if (at_ == end_ || *at_ != '"') return false;
    const char* begin = at_;
    at_ = skip_string(at_, end_);
    const std::string_view quoted(begin, static_cast<std::size_t>(at_ - begin));
    at_ = skip_spaces(at_, end_);
    if (quoted.size() < 2 || at_ == end_ || *at_++ != ':') return false;
    const bool escaped = quoted.find('\\') != quoted.npos;
    const auto key = escaped ? text_of(quoted) : quoted.substr(1, quoted.size() - 2);
    for (const auto& [name, index] : node.members) {
      if (key == name) inner = &nodes_[index];
    }
    return true;
  }

  bool value(const Node* node, bool& drop) {
    at_ = skip_spaces(at_, end_);
    if (at_ == end_) return false;
    if (node != nullptr && node->rule == kNoRule &&
        ((*at_ == '{' && !node->members.empty()) || (*at_ == '[' && node->elements != 0))) {
      return container(*node);
    }
    const char* begin = at_;
    at_ = skip_value(at_, end_);
    if (at_ == nullptr || at_ == begin) return at_ = end_, false;
    if (node == nullptr || node->rule == kNoRule) return true;
    const RedactRule& rule = rules_[node->rule];
    drop = rule.action == RedactAction::kDrop;
    const std::string_view found(begin, static_cast<std::size_t>(at_ - begin));
    if (drop || replace(found, rule)) {
      touched_ = true;
      count(hits_[node->rule]);
    }
    return true;
  }

  // False where the value may stay.
  bool replace(std::string_view found, const RedactRule& rule) {
    if (found == "null") return false;
    const bool is_text = found.front() == '"';
    const auto text = is_text ? text_of(found) : found;
    std::string instead;
    if (rule.action == RedactAction::kHash) {
      if (is_text && is_keyed_hash(text)) return false;
      append_json_string(instead, keyed_hash(rule.key, text));
    } else if (is_text) {
      append_json_string(instead, masked(text, rule.keep_last));
    } else {
      instead = found.front() == '{'                  ? "{}"
                : found.front() == '['                ? "[]"
                : found == "true" || found == "false" ? "false"
                                                      : "0";
    }
    copy_to(found.data());
    out_ += instead;
    copied_ = found.data() + found.size();
    return instead != found;
  }

  // Takes a member or element out, with one of the commas beside it; `at_` is behind it.
  void remove(const char* slice, bool kept, bool last) {
    copy_to(kept ? slice - 1 : slice);
    copied_ = kept || last ? at_ : at_ + 1;
  }

  void copy_to(const char* to) {
    if (to > copied_) out_.append(copied_, static_cast<std::size_t>(to - copied_));
    copied_ = to;
  }

  // Without quotes and escapes; valid until the next call.
  std::string_view text_of(std::string_view quoted) {
    if (quoted.find('\\') == quoted.npos) return quoted.substr(1, quoted.size() - 2);
    if (!parser_) parser_.emplace();
    std::string_view text;
    if (parser_->parse(quoted.data(), quoted.size(), true).get_string().get(text) !=
        simdjson::SUCCESS) {
      return quoted;
    }
    return text;
  }

  const char* at_;
  const char* end_;
  const char* copied_;
  std::span<const Node> nodes_;
  const std::vector<RedactRule>& rules_;
  Counter* hits_;
  std::string& out_;
  bool touched_ = false;
  std::optional<simdjson::dom::parser> parser_;
};

}  // namespace

struct Redaction::Tree {
  std::vector<Node> nodes{1};

  void add(std::string_view path, std::size_t rule) {
    std::size_t at = 0;
    while (!path.empty()) {
      const auto dot = path.find('.');
      auto segment = path.substr(0, dot);
      path = dot == path.npos ? std::string_view{} : path.substr(dot + 1);
      const bool array = segment.ends_with("[]");
      if (array) segment.remove_suffix(2);
      at = member(at, segment);
      if (array) at = elements(at);
    }
    if (nodes[at].rule == kNoRule) nodes[at].rule = rule;
  }

 private:
  std::size_t member(std::size_t of, std::string_view key) {
    for (const auto& [name, index] : nodes[of].members)
      if (name == key) return index;
    nodes[of].members.emplace_back(key, nodes.size());
    nodes.emplace_back();
    return nodes.size() - 1;
  }
  std::size_t elements(std::size_t of) {
    if (nodes[of].elements == 0) {
      nodes[of].elements = nodes.size();
      nodes.emplace_back();
    }
    return nodes[of].elements;
  }
};

Redaction::Redaction(std::vector<RedactRule> rules, const Catalogue& catalogue)
    : rules_(std::move(rules)),
      trees_(catalogue.types().size() + 2),
      hits_(std::make_unique<Counter[]>(rules_.size())) {
  for (std::size_t i = 0; i < rules_.size(); ++i) {
    const auto& rule = rules_[i];
    const auto* only = rule.type.empty() ? nullptr : catalogue.find_endpoint(rule.type);
    for (std::size_t tree = 0; tree < trees_.size(); ++tree) {
      const bool all = tree + 1 == trees_.size();
      if (rule.type.empty() || all || (only != nullptr && only->index == tree)) {
        trees_[tree].add(rule.path, i);
      }
    }
  }
}

Redaction::~Redaction() = default;

Redaction::Result Redaction::apply(std::string_view json, const EventType* type,
                                   std::string& out) const {
  const auto& tree = trees_[type != nullptr ? type->index : trees_.size() - 2];
  if (tree.nodes.size() == 1) return Result::kUntouched;
  out.clear();
  return Pass(json, tree.nodes, rules_, hits_.get(), out).run();
}

Redaction::Result Redaction::apply_all(std::string_view json, std::string& out) const {
  out.clear();
  return Pass(json, trees_.back().nodes, rules_, hits_.get(), out).run();
}

std::string Redaction::text(std::string_view value, const EventType* type,
                            std::span<const std::string> paths) const {
  for (std::size_t i = 0; i < rules_.size() && !value.empty(); ++i) {
    const RedactRule& rule = rules_[i];
    const bool its_type =
        rule.type.empty() ||
        (type != nullptr && (rule.type == type->name || rule.type == type->alias));
    if (!its_type || std::find(paths.begin(), paths.end(), rule.path) == paths.end()) continue;
    if (rule.action == RedactAction::kHash && is_keyed_hash(value)) break;
    count(hits_[i]);
    if (rule.action == RedactAction::kDrop) return {};
    return rule.action == RedactAction::kHash ? keyed_hash(rule.key, value)
                                              : masked(value, rule.keep_last);
  }
  return std::string(value);
}

std::uint64_t Redaction::hits(std::size_t rule) const {
  return hits_[rule].load(std::memory_order_relaxed);
}

}  // namespace kcloud::core
