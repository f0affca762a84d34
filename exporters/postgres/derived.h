// What the columns of a row of audit_event must be for its body. Pure.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/catalogue.h"
#include "core/decode.h"
#include "exporters/postgres/layout.h"

namespace kcloud::postgres {

// What a row says of its event, beside the columns that follow from it.
struct SealedColumns {
  core::EventId id;
  core::Time time;
  std::string_view type, source, workload, body;
};

// A column's value in binary format; nullopt: NULL.
using ColumnValue = std::optional<std::string_view>;

class DerivedColumns {
 public:
  DerivedColumns(const core::Catalogue& catalogue, core::DecodeOptions options, Layout layout);

  // Columns of audit_event, in the order that `differing` takes them.
  const std::vector<std::string>& names() const { return names_; }
  // Names of those whose value is not what the body says. Of a body that the catalogue no longer
  // takes: none.
  std::vector<std::string> differing(const SealedColumns& row,
                                     const std::vector<ColumnValue>& values);

 private:
  core::Decoder decoder_;
  Layout layout_;
  std::vector<std::string> names_;
  std::vector<std::size_t> places_;  // in a row of COPY
};

}  // namespace kcloud::postgres
