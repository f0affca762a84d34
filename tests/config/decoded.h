// One event decoded over a catalogue, its fields as JSON by name.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "core/decode.h"
#include "core/json.h"

namespace kcloud::config {

// `errors` is empty when the event was taken.
class Decoded {
 public:
  Decoded(const core::Catalogue& catalogue, std::string_view type, std::string_view json) {
    core::Decoder decoder(catalogue, {});
    core::TransportHints hints;
    hints.type = type;
    hints.received = core::SystemClock().now();
    std::vector<core::FieldError> found;
    std::vector<std::string_view> warnings;
    if (!decoder.decode(json, hints, batch_, found, warnings))
      for (const auto& error : found)
        errors += error.path + ": " + error.problem + ", expected " + error.expected + "\n";
  }

  std::string operator[](std::string_view name) const {
    const auto& event = batch_.events.at(0);
    const auto slot = event.type->slot(name);
    if (!slot) return "(no such field)";
    std::string out;
    core::append_json_value(out, event.fields[*slot]);
    return out;
  }
  const core::Event& event() const { return batch_.events.at(0); }

  std::string errors;

 private:
  core::EventBatch batch_;
};

}  // namespace kcloud::config
