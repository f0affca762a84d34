#include "collectors/webhook/answer.h"

#include "core/json.h"

namespace kcloud::webhook {

namespace {

constexpr std::string_view kNothingStored =
    R"("type":"about:blank","title":"Unprocessable Content","status":422,)"
    R"("detail":"no event of the request was stored; see `rejected`")";

bool is_kept(const core::Event& event) {
  return event.verdict == core::Verdict::kStored || event.verdict == core::Verdict::kDuplicate;
}

// Calls `visit(index, event or nullptr, refusal or nullptr)` for every input in order.
template <class Visit>
void for_each_input(const Ledger& ledger, const core::EventBatch& batch, Visit visit) {
  auto event = batch.events.begin();
  auto refusal = ledger.refused.begin();
  for (std::size_t index = 0; index < ledger.inputs; ++index) {
    if (refusal != ledger.refused.end() && refusal->index == index) {
      visit(index, nullptr, &*refusal++);
    } else {
      visit(index, &*event++, nullptr);
    }
  }
}

void append_error(std::string& out, const core::FieldError& error) {
  core::append_comma(out);
  out.push_back('{');
  core::append_key(out, "path");
  core::append_json_string(out, error.path);
  core::append_key(out, "problem");
  core::append_json_string(out, error.problem);
  core::append_key(out, "expected");
  core::append_json_string(out, error.expected);
  out.push_back('}');
}

void append_rejected(std::string& out, std::size_t index,
                     const std::vector<core::FieldError>& errors) {
  core::append_comma(out);
  out.append("{\"index\":").append(std::to_string(index)).append(",\"errors\":[");
  for (const core::FieldError& error : errors) append_error(out, error);
  out.append("]}");
}

Answer summarise(const Ledger& ledger, const core::EventBatch& batch) {
  Answer answer;
  for (const core::Event& event : batch.events) {
    answer.accepted += event.verdict == core::Verdict::kStored;
    answer.duplicates += event.verdict == core::Verdict::kDuplicate;
    answer.conflicts += !is_kept(event);
  }
  answer.rejected = ledger.refused.size() + answer.conflicts;
  if (ledger.inputs > 0 && answer.accepted + answer.duplicates == 0) {
    answer.status = 422;
  } else if (ledger.strict && answer.rejected > 0) {
    answer.status = 207;
  }
  return answer;
}

void append_rejections(std::string& out, const Ledger& ledger, const core::EventBatch& batch) {
  static const std::vector<core::FieldError> kConflict = {
      {"$", "id_conflict", "the body that is stored under this id, or another id"}};
  static const std::vector<core::FieldError> kUnknown = {
      {"via", "names this agent, which does not know the event",
       "agents with names of their own; or the event is older than what it remembers"}};
  for_each_input(ledger, batch,
                 [&](std::size_t index, const core::Event* event, const Ledger::Refusal* no) {
                   if (no != nullptr) append_rejected(out, index, no->errors);
                   if (event != nullptr && !is_kept(*event))
                     append_rejected(out, index, event->came_back ? kUnknown : kConflict);
                 });
}

}  // namespace

ForwardAnswer write_forward_answer(const Ledger& ledger, const core::EventBatch& batch,
                                   std::string_view agent, std::string_view version,
                                   std::string& body) {
  ForwardAnswer answer;
  static_cast<Answer&>(answer) = summarise(ledger, batch);
  for (const core::Event& event : batch.events) {
    answer.loops += event.came_back && is_kept(event);
  }
  answer.duplicates -= answer.loops;
  body.push_back('{');
  if (answer.status == 422) body.append(kNothingStored);
  core::append_key(body, "agent");
  core::append_json_string(body, agent);
  core::append_key(body, "version");
  core::append_json_string(body, version);
  body.append(",\"accepted\":").append(std::to_string(answer.accepted));
  body.append(",\"duplicates\":").append(std::to_string(answer.duplicates));
  body.append(",\"loops\":").append(std::to_string(answer.loops));
  body.append(",\"rejected\":[");
  if (answer.rejected > 0) append_rejections(body, ledger, batch);
  body.append("]}\n");
  return answer;
}

Answer write_answer(const Ledger& ledger, const core::EventBatch& batch, std::string& body) {
  const Answer answer = summarise(ledger, batch);
  body.reserve(body.size() + 96 + ledger.inputs * 40);
  body.push_back('{');
  if (answer.status == 422) {
    body.append(kNothingStored).push_back(',');
  }
  body.append("\"accepted\":").append(std::to_string(answer.accepted));
  body.append(",\"duplicates\":").append(std::to_string(answer.duplicates));
  body.append(",\"rejected\":[");
  if (answer.rejected > 0) append_rejections(body, ledger, batch);
  body.append("],\"ids\":[");
  for_each_input(ledger, batch, [&](std::size_t, const core::Event* event, const Ledger::Refusal*) {
    core::append_comma(body);
    if (event != nullptr && is_kept(*event)) {
      body.push_back('"');
      core::append_id(body, event->id);
      body.push_back('"');
    } else {
      body.append("null");
    }
  });
  body.append("],\"warnings\":[");
  for (const core::Warning& warning : ledger.warnings) {
    core::append_comma(body);
    body.append("{\"index\":").append(std::to_string(warning.index)).append(",\"code\":");
    core::append_json_string(body, warning.code);
    body.push_back('}');
  }
  body.append("]}\n");
  return answer;
}

}  // namespace kcloud::webhook
