// From candidates to the values of a type's own and common fields. Internal to core/.
//
// `errors` is nullptr for events read back: what does not fit is left absent then.
#pragma once

#include <vector>

#include "core/decode.h"
#include "core/decode_walk.h"

namespace kcloud::core {

// source, workload, cluster, severity, actor and reason; they point into the parser's memory.
void common_texts(const Plan& plan, const std::vector<Candidate>& candidates, Event& event,
                  EventBatch& batch, std::vector<FieldError>* errors);

// One value a field of the type, by slot.
void convert_fields(const Plan& plan, const std::vector<Candidate>& candidates, EventBatch& batch,
                    std::vector<FieldValue>& values, std::vector<FieldError>* errors);

// A type's own field of a common name (cluster, workload, …) and the common one are the same thing.
// Also misses the required fields.
void join_common(const Plan& plan, const std::vector<Candidate>& candidates, Event& event,
                 std::vector<FieldValue>& values, std::vector<FieldError>* errors);

}  // namespace kcloud::core
