// Silences: times in which alerts with certain labels are not told to anybody. In the form of
// Alertmanager's API v2
// (`matchers`, `startsAt`, `endsAt`, `createdBy`, `comment`). Pure, but for the randomness passed
// in.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "agent/journal/rule_state.h"
#include "core/time.h"
#include "rules/alert.h"
#include "rules/pattern.h"

namespace kcloud::alerting {

struct Matcher {
  std::string name, value;
  bool equal = true;  // false: must not match
  std::shared_ptr<const rules::Pattern>
      pattern;  // a regular expression over the whole value; empty: the value itself

  // An absent label is the empty text.
  bool matches(const rules::Labels& labels) const;
};

struct ParsedSilence {
  std::string id;  // empty: a new one
  core::Time starts, ends;
  std::string created_by, comment;
  std::vector<Matcher> matchers;

  bool active(core::Time now) const { return starts <= now && now < ends; }
  bool matches(const rules::Labels& labels) const;
};

// From a posted JSON object; `error` is a sentence for a 400. `startsAt` defaults to now; a silence
// must end after now and begins, has a matcher that does not fit the empty text, and a comment.
std::optional<ParsedSilence> parse_silence(std::string_view json, core::Time now,
                                           std::string& error);
// As it is kept, and read back; nullopt: it is none.
journal::Silence to_stored(const ParsedSilence& silence);
std::optional<ParsedSilence> from_stored(const journal::Silence& stored);

// `{"id","status":{"state"},"startsAt","endsAt","createdBy","comment","matchers":[…]}`; state:
// pending, active, expired.
void append_silence(std::string& out, const ParsedSilence& silence, core::Time now);

// Ids of those that keep an alert with these labels quiet now.
std::vector<std::string> silenced_by(const std::vector<ParsedSilence>& silences,
                                     const rules::Labels& labels, core::Time now);

}  // namespace kcloud::alerting
