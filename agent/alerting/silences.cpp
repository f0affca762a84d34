#include "agent/alerting/silences.h"

#include <fmt/format.h>

#include <algorithm>

#include "core/json.h"

namespace kcloud::alerting {
namespace {

using core::append_json_string;
using core::append_key;
using core::json_text_at;

constexpr std::size_t kMostMatchers = 50;
constexpr std::size_t kMostText = 4096;

std::optional<bool> truth(const std::string& text, bool otherwise) {
  if (text.empty()) return otherwise;
  if (text == "true") return true;
  if (text == "false") return false;
  return std::nullopt;
}

std::optional<Matcher> parse_matcher(std::string_view json, std::string& error) {
  Matcher matcher;
  for (const auto& [key, value] : core::json_members(json)) {
    if (key == "name")
      matcher.name = value;
    else if (key == "value")
      matcher.value = value;
    else if (key != "isRegex" && key != "isEqual")
      error = fmt::format("`{}` is unknown; expected name, value, isRegex or isEqual", key);
  }
  const auto regex = truth(json_text_at(json, "isRegex"), false);
  const auto equal = truth(json_text_at(json, "isEqual"), true);
  if (error.empty() && (matcher.name.empty() || matcher.name.size() > kMostText))
    error = "`name` is missing; expected a label, such as alertname";
  if (error.empty() && (!regex || !equal)) error = "`isRegex` and `isEqual` are true or false";
  if (error.empty() && matcher.value.size() > kMostText) error = "`value` is too long";
  if (!error.empty()) return std::nullopt;
  matcher.equal = *equal;
  if (*regex) {
    std::string reason;
    matcher.pattern = rules::Pattern::compile(matcher.value, reason);
    if (!matcher.pattern) {
      error = fmt::format("`value` is no regular expression: {}", reason);
      return std::nullopt;
    }
  }
  return matcher;
}

std::optional<core::Time> time_of(const std::string& text) {
  const auto parsed = core::parse_time(text, core::Zone("UTC"));
  if (!parsed) return std::nullopt;
  return parsed->time;
}

std::string_view state_of(const ParsedSilence& silence, core::Time now) {
  if (now >= silence.ends) return "expired";
  return now < silence.starts ? "pending" : "active";
}

void append_text(std::string& out, std::string_view key, std::string_view text) {
  append_key(out, key);
  append_json_string(out, text);
}

void append_body(std::string& out, const ParsedSilence& silence) {
  append_text(out, "createdBy", silence.created_by);
  append_text(out, "comment", silence.comment);
  append_key(out, "matchers");
  out.push_back('[');
  for (const auto& matcher : silence.matchers) {
    core::append_comma(out);
    out.push_back('{');
    append_text(out, "name", matcher.name);
    append_text(out, "value", matcher.value);
    out +=
        fmt::format(R"(,"isRegex":{},"isEqual":{}}})", matcher.pattern != nullptr, matcher.equal);
  }
  out.push_back(']');
}

bool parse_matchers(std::string_view json, ParsedSilence& silence, std::string& error) {
  const auto items = core::json_items(json_text_at(json, "matchers"));
  if (items.empty() || items.size() > kMostMatchers) {
    error =
        fmt::format("`matchers` has {} entries; expected 1 to {}, each {{\"name\":…,\"value\":…}}",
                    items.size(), kMostMatchers);
    return false;
  }
  for (std::size_t i = 0; i < items.size(); ++i) {
    auto matcher = parse_matcher(items[i], error);
    if (!matcher) {
      error = fmt::format("matchers[{}]: {}", i, error);
      return false;
    }
    silence.matchers.push_back(std::move(*matcher));
  }
  if (silence.matches({})) {
    error = "the matchers fit every alert; expected one that does not fit the empty text";
    return false;
  }
  return true;
}

}  // namespace

bool Matcher::matches(const rules::Labels& labels) const {
  const auto found = labels.find(name);
  const std::string_view text = found == labels.end() ? std::string_view() : found->second;
  return (pattern ? pattern->matches(text) : text == value) == equal;
}

bool ParsedSilence::matches(const rules::Labels& labels) const {
  return std::ranges::all_of(matchers,
                             [&](const Matcher& matcher) { return matcher.matches(labels); });
}

std::optional<ParsedSilence> parse_silence(std::string_view json, core::Time now,
                                           std::string& error) {
  const auto members = core::json_members(json);
  if (members.empty()) {
    error = "the body is not a JSON object with matchers, endsAt and comment";
    return std::nullopt;
  }
  for (const auto& [key, value] : members) {
    static constexpr std::string_view kKnown[] = {"id",        "startsAt", "endsAt",
                                                  "createdBy", "comment",  "matchers"};
    if (std::ranges::find(kKnown, key) != std::end(kKnown)) continue;
    error = fmt::format(
        "`{}` is unknown; expected id, startsAt, endsAt, createdBy, comment, "
        "matchers",
        key);
    return std::nullopt;
  }
  ParsedSilence silence;
  silence.id = json_text_at(json, "id");
  silence.created_by = json_text_at(json, "createdBy");
  silence.comment = json_text_at(json, "comment");
  const auto starts = json_text_at(json, "startsAt");
  const auto begin = starts.empty() ? std::optional(now) : time_of(starts);
  const auto end = time_of(json_text_at(json, "endsAt"));
  if (!begin || !end) {
    error = fmt::format("`{}` is missing or no time; expected RFC 3339, such as {}",
                        begin ? "endsAt" : "startsAt", core::format_time(now));
    return std::nullopt;
  }
  silence.starts = *begin;
  silence.ends = *end;
  if (silence.ends <= silence.starts || silence.ends <= now) {
    error = fmt::format("`endsAt` is {}; expected a time after startsAt and after now, {}",
                        core::format_time(silence.ends), core::format_time(now));
    return std::nullopt;
  }
  if (silence.comment.empty() || silence.comment.size() > kMostText ||
      silence.created_by.size() > kMostText) {
    error = "`comment` is missing or too long; expected why this is silent";
    return std::nullopt;
  }
  if (!parse_matchers(json, silence, error)) return std::nullopt;
  return silence;
}

journal::Silence to_stored(const ParsedSilence& silence) {
  std::string body = "{";
  append_body(body, silence);
  return {silence.id, silence.starts, silence.ends, body + "}"};
}

std::optional<ParsedSilence> from_stored(const journal::Silence& stored) {
  ParsedSilence silence;
  silence.id = stored.id;
  silence.starts = stored.starts;
  silence.ends = stored.ends;
  silence.created_by = json_text_at(stored.body, "createdBy");
  silence.comment = json_text_at(stored.body, "comment");
  std::string error;
  if (!parse_matchers(stored.body, silence, error)) return std::nullopt;
  return silence;
}

void append_silence(std::string& out, const ParsedSilence& silence, core::Time now) {
  core::append_comma(out);
  out.push_back('{');
  append_text(out, "id", silence.id);
  out += fmt::format(R"(,"status":{{"state":"{}"}})", state_of(silence, now));
  append_text(out, "startsAt", core::format_time(silence.starts));
  append_text(out, "endsAt", core::format_time(silence.ends));
  append_body(out, silence);
  out.push_back('}');
}

std::vector<std::string> silenced_by(const std::vector<ParsedSilence>& silences,
                                     const rules::Labels& labels, core::Time now) {
  std::vector<std::string> ids;
  for (const auto& silence : silences)
    if (silence.active(now) && silence.matches(labels)) ids.push_back(silence.id);
  return ids;
}

}  // namespace kcloud::alerting
