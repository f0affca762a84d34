#include "core/dead_letter.h"

namespace kcloud::core {

std::string describe(const std::vector<FieldError>& errors) {
  std::string text;
  for (const FieldError& error : errors) {
    if (!text.empty()) text.append("; ");
    text.append(error.path).append(": ").append(error.problem);
    if (!error.expected.empty()) text.append(", expected ").append(error.expected);
  }
  return text;
}

DeadLetter refusal(const TransportHints& hints, const std::vector<FieldError>& errors,
                   const Refused& kept, std::size_t max_body_bytes) {
  DeadLetter letter;
  letter.received = hints.received;
  letter.origin = "collector:" + std::string(hints.collector);
  letter.position = hints.position;
  letter.reason = is_not_json(errors) ? "invalid_json" : "invalid_event";
  letter.detail = describe(errors);
  if (!kept.withheld.empty()) letter.detail += "; body " + kept.withheld;
  letter.type = hints.type;
  letter.body = kept.body.substr(0, max_body_bytes);
  if (letter.body.size() < kept.body.size()) {
    letter.detail.append("; ").append(kBodyCut);
    letter.detail.append(std::to_string(letter.body.size())).append(" of ");
    letter.detail.append(std::to_string(kept.body.size())).append(" bytes");
  }
  return letter;
}

}  // namespace kcloud::core
