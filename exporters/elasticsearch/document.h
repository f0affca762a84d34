// Events as lines of a `_bulk` request: a `create` action and a document each. Pure.
//
// The index is `<prefix>-<type>-YYYY.MM.DD` by the date of the *id*, the `_id` the event's: the
// same event always meets its own document, as `_id` is unique within one index only. Types that
// the catalogue does not know share `<prefix>-_other-…`, so that no publisher makes indices (no
// type's name begins with `_`). Field types follow the catalogue alone. One thread. Events must
// come from one catalogue, which must outlive the encoder.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "core/catalogue.h"
#include "core/event.h"

namespace kcloud::elasticsearch {

// What stands for the types that the catalogue does not know: in index and template names.
inline constexpr std::string_view kOther = "_other";

// YYYY.MM.DD of days since 1970-01-01, and of an id's time (UTC).
std::string date_text(std::int64_t day);
std::string index_date(const core::EventId& id);

class DocumentEncoder {
 public:
  DocumentEncoder(std::string prefix, std::string_view agent_cluster);

  // Appends two lines, each with its newline.
  void append(const core::Event& event, std::string& out);

 private:
  struct Plan {
    std::string action;                  // up to the index's date
    std::vector<std::string> keys;       // `"name":` by slot
    std::vector<core::FieldType> types;  // by slot
  };
  const Plan& plan_of(const core::EventType* type);
  const std::string& date_of(const core::EventId& id);

  std::string prefix_;
  std::string agent_cluster_;  // `,"agent_cluster":"…"`, or empty
  std::unordered_map<const core::EventType*, Plan> plans_;
  std::int64_t day_ = -1;  // of date_, since 1970
  std::string date_;
};

}  // namespace kcloud::elasticsearch
