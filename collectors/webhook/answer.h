// The answer to a POST, after the commit: status and JSON body as the HTTP contract fixes them.
// Pure.
#pragma once

#include <cstdint>
#include <string>

#include "collectors/webhook/post.h"

namespace kcloud::webhook {

struct Answer {
  int status = 202;  // 202 anything stored or a duplicate; 207 the same with refusals, when strict;
                     // 422 nothing
  std::uint64_t accepted = 0;
  std::uint64_t duplicates = 0;
  std::uint64_t conflicts = 0;
  std::uint64_t rejected = 0;  // conflicts included
};

// Appends `{"accepted","duplicates","rejected":[…],"ids":[…],"warnings":[…]}` to `body`; as a
// problem document with these members when the status is 422. `batch` holds the events with their
// verdicts, in the order of the inputs that were not refused.
Answer write_answer(const Ledger& ledger, const core::EventBatch& batch, std::string& body);

// The answer to what another agent forwards: `{"agent","version","accepted","duplicates","loops",
// "rejected":[…]}`, every event in one of the four. `loops` are events that this agent had before
// they came back. Statuses as above.
struct ForwardAnswer : Answer {
  std::uint64_t loops = 0;
};
ForwardAnswer write_forward_answer(const Ledger& ledger, const core::EventBatch& batch,
                                   std::string_view agent, std::string_view version,
                                   std::string& body);

}  // namespace kcloud::webhook
