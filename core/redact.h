// Redaction: values at given paths dropped, masked or replaced by a keyed hash before anything of
// an event is kept. Text and rules in, text out; every other byte stays as it is.
//
// Immutable after construction but for the counters; shared by all threads.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/catalogue.h"
#include "core/counters.h"

namespace kcloud::core {

enum class RedactAction : std::uint8_t {
  kDrop,  // the member or element goes
  kMask,  // text `***`, number 0, false, [], {}; null stays
  kHash,  // text `hmac:` and 32 hex digits of HMAC-SHA256 over the text, or the value's JSON; null
          // stays
};

struct RedactRule {
  std::string name;  // for the metric
  std::string type;  // name or alias; empty: every type
  std::string path;  // dotted, `a[].b` crosses an array; keys as they are written, no camelCase
  RedactAction action = RedactAction::kDrop;
  std::string key;              // of the hash
  std::uint32_t keep_last = 0;  // mask: characters of a text that stay, when it is twice as long
};

// Why a rule would make events unreadable or does not fit the catalogue; empty: it fits.
std::string unfit(const RedactRule& rule, const Catalogue& catalogue);

class Redaction {
 public:
  // Rules that are `unfit` must not come here. Of two rules that reach a value the outer one
  // counts, at the same place the first.
  Redaction(std::vector<RedactRule> rules, const Catalogue& catalogue);
  ~Redaction();

  enum class Result : std::uint8_t { kUntouched, kRedacted, kMalformed };
  // Writes the redacted form of `json` to `out` when anything had to go. `type`: nullptr for one
  // outside the catalogue. kMalformed, for what is no JSON object, leaves `out` unusable.
  Result apply(std::string_view json, const EventType* type, std::string& out) const;
  // The same with the rules of every type, for what never got one.
  Result apply_all(std::string_view json, std::string& out) const;

  // What the rules leave of a text that stands beside the JSON (a CloudEvent's subject, a column of
  // an envelope) and means what `paths` would: the first rule of the type on one of them counts.
  std::string text(std::string_view value, const EventType* type,
                   std::span<const std::string> paths) const;

  const std::vector<RedactRule>& rules() const { return rules_; }
  std::uint64_t hits(std::size_t rule) const;

 private:
  struct Tree;

  std::vector<RedactRule> rules_;
  std::vector<Tree> trees_;  // by EventType::index; behind them: unknown types, all rules
  std::unique_ptr<Counter[]> hits_;
};

}  // namespace kcloud::core
