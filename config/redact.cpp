#include "config/redact.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "config/options.h"
#include "config/reader.h"
#include "config/suggest.h"
#include "core/redact.h"

namespace kcloud::config {
namespace {

constexpr std::size_t kShortestKey = 16;
constexpr std::size_t kMaxRules = 1000;

core::RedactRule rule_of(const RedactConfig& config, std::size_t index) {
  core::RedactRule rule;
  rule.name = config.name.empty() ? std::to_string(index + 1) : config.name;
  rule.type = config.type == "*" ? "" : config.type;
  rule.path = config.path;
  rule.action = config.action == "mask"   ? core::RedactAction::kMask
                : config.action == "hash" ? core::RedactAction::kHash
                                          : core::RedactAction::kDrop;
  rule.key = config.key.value;
  rule.keep_last = config.keep_last;
  return rule;
}

void check_key(Section& section, const RedactConfig& rule, const Problems& problems) {
  if (rule.action != "hash") {
    if (section.has("key")) section.fail("key", "belongs to the action hash alone");
    return;
  }
  if (!section.has("key"))
    return section.fail("", "hash needs a `key`, for example key: ${KCLOUD_REDACT_KEY}");
  // A key whose variable is missing was reported already.
  const std::string mine = section.path() + ".key:";
  const auto reported = [&](const Problem& p) { return p.message.starts_with(mine); };
  if (std::any_of(problems.begin(), problems.end(), reported)) return;
  if (rule.key.value.size() < kShortestKey)
    section.fail("key", fmt::format("must have at least {} characters, for example from "
                                    "`openssl rand -hex 24`",
                                    kShortestKey));
}

void check_type(Section& section, const RedactConfig& rule, const core::Catalogue& catalogue) {
  if (rule.type == "*" || catalogue.find_endpoint(rule.type) != nullptr) return;
  section.fail("type", fmt::format("'{}' is {}, or * for all", rule.type,
                                   no_event_type(rule.type, catalogue)));
}

}  // namespace

void check_unwrap(Section& intake, const std::vector<std::string>& keys) {
  if (keys.size() > 8) intake.fail("unwrap", "at most 8 keys");
  for (const auto& key : keys)
    if (key.empty()) intake.fail("unwrap", "a key must not be empty");
}

RedactConfig read_redact(Section& section, const Problems& problems) {
  RedactConfig rule;
  visit_redact(Reader{section}, rule);
  if (!section.has("path"))
    section.fail("", "a rule needs a `path`, for example path: workload.owner");
  if (!section.has("action")) section.fail("", "a rule needs an `action`: drop, mask or hash");
  check_key(section, rule, problems);
  if (rule.action != "mask" && section.has("keep_last"))
    section.fail("keep_last", "belongs to the action mask alone");
  return rule;
}

void check_redact(std::vector<Section>& sections, const std::vector<RedactConfig>& rules,
                  const core::Catalogue& catalogue) {
  if (rules.size() > kMaxRules)
    return sections[kMaxRules].fail("", fmt::format("at most {} rules", kMaxRules));
  std::set<std::string> names;
  for (std::size_t i = 0; i < rules.size(); ++i) {
    check_type(sections[i], rules[i], catalogue);
    const auto rule = rule_of(rules[i], i);
    if (!names.insert(rule.name).second)
      sections[i].fail("name", fmt::format("'{}' is the name of another rule", rule.name));
    if (!sections[i].has("path") || !sections[i].has("action")) continue;
    if (const auto problem = core::unfit(rule, catalogue); !problem.empty())
      sections[i].fail("path", problem);
  }
}

std::shared_ptr<const core::Redaction> make_redaction(const Config& config) {
  if (config.intake.redact.empty()) return nullptr;
  std::vector<core::RedactRule> rules;
  for (const auto& rule : config.intake.redact) rules.push_back(rule_of(rule, rules.size()));
  return std::make_shared<const core::Redaction>(std::move(rules), *config.catalogue);
}

}  // namespace kcloud::config
