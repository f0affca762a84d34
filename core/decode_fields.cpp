#include "core/decode_fields.h"

#include <algorithm>
#include <array>

#include "core/decode_parse.h"
#include "core/field_value.h"

namespace kcloud::core {

namespace {

constexpr std::size_t kMaxIndexedText = 1024;  // of workload, cluster, source, severity, actor

std::string_view lower_case(std::string_view text, EventBatch& batch) {
  const auto upper = [](char c) { return c >= 'A' && c <= 'Z'; };
  if (std::none_of(text.begin(), text.end(), upper)) return text;
  char* copy = batch.allocate(text.size());
  std::transform(text.begin(), text.end(), copy,
                 [&](char c) { return upper(c) ? static_cast<char>(c - 'A' + 'a') : c; });
  return {copy, text.size()};
}

void common_text(const Plan& plan, const std::vector<Candidate>& candidates, std::uint16_t slot,
                 std::string_view& out, std::vector<FieldError>* errors) {
  const Candidate& found = candidates[slot];
  if (found.state != Candidate::State::kElement) return;
  if (found.value.get_string().get(out) == simdjson::SUCCESS && out.size() <= kMaxIndexedText)
    return;
  out = {};
  if (plan.own[slot] || errors == nullptr) return;  // judged as the type's own field
  refuse(*errors, plan.path(slot, found.rank), describe(found.value),
         "a text of at most " + std::to_string(kMaxIndexedText) + " bytes");
}

}  // namespace

void convert_fields(const Plan& plan, const std::vector<Candidate>& candidates, EventBatch& batch,
                    std::vector<FieldValue>& values, std::vector<FieldError>* errors) {
  values.assign(plan.slots() - kCommonSlots, {});
  if (plan.type == nullptr) return;
  for (std::size_t i = 0; i < values.size(); ++i) {
    const Field& field = plan.type->fields[i];
    const auto slot = static_cast<std::uint16_t>(kCommonSlots + i);
    const Candidate& found = candidates[slot];
    if (found.state == Candidate::State::kNone) {
      if (!field.default_value.empty()) values[i] = text_value(field.default_value);
      continue;
    }
    FieldProblem problem;
    if (found.state == Candidate::State::kElement) {
      problem = convert(found.value, field, batch, values[i]);
      const bool scaled = !field.scales.empty() && found.value.is_number();
      if (scaled && values[i].kind == FieldValue::Kind::kReal)
        values[i].real *= field.scales[found.rank];
    } else {
      problem = convert_number(found.number, field, values[i]);
    }
    if (errors != nullptr && !problem.expected.empty()) {
      errors->push_back(
          {plan.path(slot, found.rank), std::move(problem.found), std::move(problem.expected)});
    }
  }
}

void common_texts(const Plan& plan, const std::vector<Candidate>& candidates, Event& event,
                  EventBatch& batch, std::vector<FieldError>* errors) {
  common_text(plan, candidates, kSource, event.source, errors);
  common_text(plan, candidates, kWorkload, event.workload, errors);
  common_text(plan, candidates, kCluster, event.cluster, errors);
  common_text(plan, candidates, kSeverity, event.severity, errors);
  common_text(plan, candidates, kActor, event.actor, errors);
  if (candidates[kReason].state == Candidate::State::kElement &&
      candidates[kReason].value.get_string().get(event.reason) != simdjson::SUCCESS) {
    event.reason = {};
  }
  event.severity = lower_case(event.severity, batch);
}

void join_common(const Plan& plan, const std::vector<Candidate>& candidates, Event& event,
                 std::vector<FieldValue>& values, std::vector<FieldError>* errors) {
  const std::array<std::string_view*, kCommonSlots> texts{
      nullptr,        nullptr,         nullptr,      &event.source, &event.workload,
      &event.cluster, &event.severity, &event.actor, &event.reason};
  for (std::uint16_t slot = kSource; slot < kCommonSlots; ++slot) {
    if (!plan.own[slot]) continue;
    FieldValue& own = values[*plan.own[slot]];
    if (own.kind == FieldValue::Kind::kText) *texts[slot] = own.text;
    if (!texts[slot]->empty()) own = text_value(*texts[slot]);
    if (errors != nullptr && slot != kReason && texts[slot]->size() > kMaxIndexedText) {
      errors->push_back({std::string(kCommonNames[slot]), describe(*texts[slot]),
                         "a text of at most " + std::to_string(kMaxIndexedText) + " bytes"});
    }
  }
  if (plan.type == nullptr || errors == nullptr) return;
  for (std::size_t i = 0; i < values.size(); ++i) {
    const Field& field = plan.type->fields[i];
    if (field.required && !values[i].present() &&
        candidates[kCommonSlots + i].state == Candidate::State::kNone) {
      errors->push_back(
          {field.paths.empty() ? field.name : field.paths.front(), "missing", expected_of(field)});
    }
  }
}

}  // namespace kcloud::core
