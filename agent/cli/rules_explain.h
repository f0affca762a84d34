// `kcloud-logger rules explain`: why an alert of a running agent fires, or did.
#pragma once

#include <string>

#include "agent/cli/address.h"

namespace kcloud::cli {

struct ExplainOptions {
  Address agent;
  std::string fingerprint;  // or the beginning of one, or a rule's name
  bool json = false;        // the agent's answer as it is
};

// The answer of GET /alerts/{fingerprint} as lines of text. Pure.
std::string explain_text(const std::string& answer);

// 0; 1: there is no such alert, or several; else as `refused`.
int explain(const ExplainOptions& options);

}  // namespace kcloud::cli
