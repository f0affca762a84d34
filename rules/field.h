// Reads what a rule names from an event. Pure.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "core/event.h"
#include "rules/rule.h"

namespace kcloud::rules {

// The value of a field; an absent one, also an empty common field, is kAbsent. `common` is where a
// common field's value is put, so that a slot's is not copied.
const core::FieldValue& value_of(const core::Event& event, const FieldRef& field,
                                 core::FieldValue& common);

// As text: what `by` and templates show. Numbers in their shortest form; absent: empty. `memory`
// holds what has no bytes of its own.
std::string_view text_of(const core::FieldValue& value, std::string& memory);

// Equal values have equal hashes, different ones practically never.
std::uint64_t hash_of(const core::FieldValue& value);

// What of a field's value templates show and alerts keep: at most 2,048 bytes. `common` and
// `memory` are where it may lie.
std::string_view shown_text(const core::Event& event, const FieldRef& field,
                            core::FieldValue& common, std::string& memory);

}  // namespace kcloud::rules
