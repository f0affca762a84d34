#include "collectors/webhook/post.h"

#include <charconv>

#include "core/envelope.h"

namespace kcloud::webhook {

namespace {

// What an event costs in a batch's memory beside its body, roughly: the decoder's texts.
constexpr std::size_t kArenaPerEvent = 256;

// `<prefix>/<index>`, rewritten in place for each index.
class Numbered {
 public:
  explicit Numbered(std::string_view prefix) : text_(prefix) {
    text_.push_back('/');
    base_ = text_.size();
  }
  std::string_view at(std::size_t index) {
    char digits[20];
    const auto end = std::to_chars(digits, digits + sizeof digits, index).ptr;
    text_.resize(base_);
    return text_.append(digits, end);
  }

 private:
  std::string text_;
  std::size_t base_;
};

std::string describe(const std::vector<core::FieldError>& errors) {
  std::string text;
  for (const core::FieldError& error : errors) {
    if (!text.empty()) text.append("; ");
    text.append(error.path).append(": ").append(error.problem);
    if (!error.expected.empty()) text.append(", expected ").append(error.expected);
  }
  return text;
}

core::DeadLetter dead_letter(const Post& post, const Settings& settings, std::string_view element,
                             std::string_view position,
                             const std::vector<core::FieldError>& errors) {
  core::DeadLetter letter;
  letter.received = post.received;
  letter.origin = "collector:" + settings.collector;
  letter.position = position;
  letter.reason = core::is_not_json(errors) ? "invalid_json" : "invalid_event";
  letter.detail = describe(errors);
  letter.type = post.type;
  letter.body = element.substr(0, settings.dead_letter_body_bytes);
  return letter;
}

void decode_all(const Post& post, const Settings& settings, const core::Split& split,
                bool envelopes, core::Decoder& decoder, Received& result) {
  Numbered position(post.request);
  Numbered key(post.key);
  core::TransportHints hints;
  hints.type = post.type;
  hints.collector = settings.collector;
  hints.agent = settings.agent;
  hints.received = post.received;
  if (!post.key.empty()) hints.key_kind = "idempotency";
  std::vector<core::FieldError> errors;
  std::vector<std::string_view> warnings;
  std::optional<core::EnvelopeReader> reader;
  if (envelopes) reader.emplace();
  core::Intake& intake = *result.intake;
  intake.batch.events.reserve(split.elements.size());
  for (std::size_t index = 0; index < split.elements.size(); ++index) {
    hints.position = position.at(index);
    if (!post.key.empty()) hints.key = key.at(index);
    errors.clear();
    warnings.clear();
    const std::string_view element = split.elements[index];
    if (envelopes
            ? core::decode_either(element, *reader, decoder, hints, intake.batch, errors, warnings)
            : decoder.decode(element, hints, intake.batch, errors, warnings)) {
      for (std::string_view code : warnings) result.ledger.warnings.push_back({index, code});
    } else {
      intake.refused.push_back(dead_letter(post, settings, element, hints.position, errors));
      result.ledger.refused.push_back({index, std::move(errors)});
    }
  }
}

Received refused(int status, std::string detail) {
  Received result;
  result.problem = Problem{status, std::move(detail)};
  return result;
}

}  // namespace

Received receive(const Post& post, const Settings& settings, core::Decoder& decoder,
                 std::string& scratch) {
  ContentCheck check = check_content(post.content_type, post.content_encoding);
  if (check.problem) return refused(check.problem->status, std::move(check.problem->detail));
  if (post.body.size() > settings.max_body_bytes) {
    return refused(413, "the body is larger than http.max_body_bytes");
  }
  std::string_view text = post.body;
  if (check.content.gzip) {
    if (auto problem = gunzip(post.body, settings.max_body_bytes, scratch)) {
      return refused(problem->status, std::move(problem->detail));
    }
    text = scratch;
  }
  const core::Split split = core::split_json(text, check.content.lines);
  if (!split.error.empty()) return refused(400, "the body is not JSON: " + split.error);
  if (split.elements.size() > settings.max_events) {
    return refused(413, "the request holds " + std::to_string(split.elements.size()) +
                            " events, http.max_events_per_request is " +
                            std::to_string(settings.max_events));
  }
  if (split.elements.empty()) return refused(400, "the array is empty");
  Received result;
  result.bytes = text.size();
  result.ledger.inputs = split.elements.size();
  result.ledger.strict = !post.prefer.empty() && prefers_strict(post.prefer);
  result.intake = std::make_unique<core::Intake>();
  result.intake->batch =
      core::EventBatch(text.size() + 64 + kArenaPerEvent * split.elements.size());
  decode_all(post, settings, split, check.content.envelopes, decoder, result);
  const auto& refusals = result.ledger.refused;
  if (split.elements.size() == 1 && refusals.size() == 1 &&
      split.shape == core::Split::Shape::kObject && core::is_not_json(refusals.front().errors)) {
    return refused(400, "the body is not JSON: " + refusals.front().errors.front().problem);
  }
  return result;
}

}  // namespace kcloud::webhook
