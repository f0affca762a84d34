// A record's headers as CloudEvents (Kafka protocol binding 1.0.2). Pure; no allocation but for an
// error.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "core/cloudevents.h"

namespace kcloud::kafka {

enum class Mode : std::uint8_t {
  kPlain,       // no CloudEvent: the value is the event
  kStructured,  // the value is a CloudEvent in the JSON format
  kBinary,      // attributes in `ce_` headers, the value is the data
};

// What stands in front of an attribute's name, in a header and in errors.
inline constexpr std::string_view kPrefix = "ce_";

// Collects the headers of one record, in their order.
class Headers {
 public:
  // A header is bytes; one without a value (null) counts as absent: leave it out.
  void add(std::string_view name, std::string_view value);

  Mode mode() const { return mode_; }
  // Binary mode; views of what add() was given.
  const core::CloudAttributes& attributes() const { return attributes_; }
  // Why the record cannot be read; empty: it can.
  const std::string& problem() const { return problem_; }

 private:
  Mode mode_ = Mode::kPlain;
  core::CloudAttributes attributes_{};
  std::string problem_;
};

}  // namespace kcloud::kafka
