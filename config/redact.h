// intake.unwrap and intake.redact: reading and checking. Internal to config/.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "config/config.h"

namespace kcloud::config {

void check_unwrap(Section& intake, const std::vector<std::string>& keys);

// One rule and what can be said of it alone. `problems`: those of the file so far.
RedactConfig read_redact(Section& section, const Problems& problems);

// What the catalogue says against the rules; `sections` are parallel to them.
void check_redact(std::vector<Section>& sections, const std::vector<RedactConfig>& rules,
                  const core::Catalogue& catalogue);

// The compiled rules; nullptr when there are none.
std::shared_ptr<const core::Redaction> make_redaction(const Config& config);

}  // namespace kcloud::config
