// Events of the built-in catalogue made by hand, for tests of the Elasticsearch exporter.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "core/catalogue.h"
#include "core/event.h"
#include "core/seal.h"

namespace kcloud::elasticsearch::testing {

std::shared_ptr<const core::Catalogue> catalogue();

class Events {
 public:
  // Of a known type with no field, or of an unknown one. `time`: nanoseconds since 1970.
  core::Event& add(std::string_view type, const std::string& key,
                   std::int64_t time = 1'736'937'000'123'456'789);  // 2025-01-15T10:30:00.…Z

  core::EventBatch batch;
};

// Number `seq` of one chain, sealed on 2025-01-15. Its hash begins with `cc` and the number.
core::Seal seal(std::uint64_t seq);

// A field by name; the event must come from Events::add.
core::FieldValue& field(core::Event& event, std::string_view name);

core::FieldValue integer(std::int64_t value);
core::FieldValue real(double value);
core::FieldValue text(std::string_view value);

}  // namespace kcloud::elasticsearch::testing
