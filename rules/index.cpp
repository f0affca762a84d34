#include "rules/index.h"

#include <algorithm>
#include <set>
#include <utility>

#include "core/hash.h"
#include "rules/canonical.h"
#include "rules/field.h"
#include "rules/match.h"

namespace kcloud::rules {
namespace {

bool is_text(const Literal& literal) { return std::holds_alternative<std::string>(literal); }

// Passes only when the field is one of a few texts.
bool asks_for_text(const Filter& filter) {
  return (filter.kind == Filter::Kind::kEqual || filter.kind == Filter::Kind::kIn) &&
         std::all_of(filter.values.begin(), filter.values.end(), is_text);
}

std::vector<const Filter*> equalities(const Filter& filter) {
  std::vector<const Filter*> out;
  if (asks_for_text(filter)) out.push_back(&filter);
  if (filter.kind == Filter::Kind::kAnd)
    for (const Filter& operand : filter.operands)
      if (asks_for_text(operand)) out.push_back(&operand);
  return out;
}

}  // namespace

std::uint32_t Index::add(const core::EventType& type, const Filter& filter) {
  const auto number = static_cast<std::uint32_t>(predicates_.size());
  const auto [found, made] = by_text_.emplace(type.name + "{" + canonical(filter), number);
  if (made) predicates_.push_back({type.index, &filter});
  return found->second;
}

void Index::build() {
  // Of the fields that a predicate asks for, the one of which the type's predicates ask for most.
  std::map<std::pair<std::uint32_t, std::string>, std::set<Literal>> asked;
  for (const Predicate& predicate : predicates_)
    for (const Filter* equality : equalities(*predicate.filter))
      asked[{predicate.type, equality->field.name}].insert(equality->values.begin(),
                                                           equality->values.end());
  for (std::uint32_t number = 0; number < predicates_.size(); ++number) {
    const Predicate& predicate = predicates_[number];
    if (types_.size() <= predicate.type) types_.resize(predicate.type + 1);
    OfType& of_type = types_[predicate.type];
    const auto choices = equalities(*predicate.filter);
    if (choices.empty()) {
      of_type.always.push_back(number);
      continue;
    }
    const auto values = [&](const Filter* equality) {
      return asked[{predicate.type, equality->field.name}].size();
    };
    const Filter& best =
        **std::max_element(choices.begin(), choices.end(),
                           [&](const Filter* a, const Filter* b) { return values(a) < values(b); });
    auto field = std::find_if(of_type.by_field.begin(), of_type.by_field.end(),
                              [&](const ByField& of) { return of.field.name == best.field.name; });
    if (field == of_type.by_field.end())
      field = of_type.by_field.insert(field, ByField{best.field, {}, {}});
    for (const Literal& value : best.values) {
      const std::uint64_t hash = core::hash_of(std::string_view(std::get<std::string>(value)));
      if (field->lists.find(hash) == nullptr) {
        field->lists[hash] = static_cast<std::uint32_t>(field->candidates.size());
        field->candidates.emplace_back();
      }
      field->candidates[*field->lists.find(hash)].push_back(number);
    }
  }
}

void Index::find(const core::Event& event, std::vector<std::uint32_t>& out) const {
  if (event.type->index >= types_.size()) return;
  const OfType& of_type = types_[event.type->index];
  try_all(of_type.always, event, out);
  core::FieldValue common;
  for (const ByField& by : of_type.by_field) {
    const core::FieldValue& value = value_of(event, by.field, common);
    if (value.kind != core::FieldValue::Kind::kText) continue;
    if (const std::uint32_t* list = by.lists.find(hash_of(value)))
      try_all(by.candidates[*list], event, out);
  }
}

void Index::try_all(const std::vector<std::uint32_t>& candidates, const core::Event& event,
                    std::vector<std::uint32_t>& out) const {
  for (const std::uint32_t number : candidates)
    if (passes(*predicates_[number].filter, event)) out.push_back(number);
}

}  // namespace kcloud::rules
