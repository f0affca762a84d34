// Finds the event inside a log shipper's record: `{"log":"{…}\n","stream":"stdout","time":"…"}`.
// Internal to core/; docs/decisions/0008-shipper-records.md has the rules and why.
//
// One instance a decoder: keeps parser memory from record to record. No I/O, no recursion beyond
// kMaxDepth.
#pragma once

#include <simdjson.h>

#include <array>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/decode.h"
#include "core/decode_walk.h"

namespace kcloud::core {

class Unwrapper {
 public:
  // What is asked of a record: the event for this route.
  struct Wanted {
    std::string_view type;                    // as the route gives it; empty: any
    bool type_is_default = false;             // an event that names another is wanted too
    const Plan* plan = nullptr;               // of `type`; nullptr: not in the catalogue, or any
    const Plan* common = nullptr;             // for the record's own time
    std::span<const std::string> type_paths;  // keys that name a type
    const Catalogue* catalogue = nullptr;
    const Zone* zone = nullptr;
  };
  struct Found {
    std::string_view text;  // the event's JSON, valid until the next call
    std::string path;       // where it was: `log`, `log.log`
    std::optional<ParsedTime> time;
  };

  // `quote`: errors may show what was found.
  Unwrapper(std::vector<std::string> keys, bool quote) : keys_(std::move(keys)), quote_(quote) {}

  // Whether one of the keys stands in the object: all that a direct event pays.
  bool may_wrap(const simdjson::dom::element& record) const;

  // `text`: the record, minified; `record`: parsed from it; it names no type. nullopt: it is the
  // event itself, or wraps none; see hint().
  std::optional<Found> find(std::string_view text, const simdjson::dom::element& record,
                            const Wanted& wanted);
  // After a find in vain: the wrapper that was looked into, and what it held instead of an event.
  const std::optional<FieldError>& hint() const { return hint_; }
  // Whether that was a text, or another that may hold an event: redaction does not see into it.
  bool left_text() const { return left_text_; }

 private:
  static constexpr std::size_t kMaxDepth = 2;  // a container log inside a shipper's record

  // Which fields of the wanted type an object holds.
  struct Own {
    bool any = false;
    bool complete = false;  // all required ones; any, when none is required
  };

  bool search(std::string_view text, const simdjson::dom::element& record, const Wanted& wanted,
              std::size_t depth, Found& found);
  // Leaves the object under `key` in `inner` and its text in `texts_[depth]`.
  bool open(std::string_view text, const simdjson::dom::element& record, const std::string& key,
            std::size_t depth, bool quiet, simdjson::dom::element& inner);
  bool is_event(const simdjson::dom::element& inner, const Wanted& wanted, bool reads_key);
  Own own_fields(const simdjson::dom::element& object, std::string_view beside, const Plan& plan);
  std::optional<ParsedTime> time_of(const simdjson::dom::element& record, const Wanted& wanted);

  std::vector<std::string> keys_;
  bool quote_;
  bool left_text_ = false;
  std::array<simdjson::dom::parser, kMaxDepth> parsers_;
  std::array<std::string, kMaxDepth> texts_;
  std::vector<Candidate> candidates_;
  std::optional<FieldError> hint_;
};

}  // namespace kcloud::core
