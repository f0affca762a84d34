#include "collectors/webhook/post.h"

#include <charconv>
#include <optional>

#include "core/dead_letter.h"
#include "core/envelope.h"
#include "core/forwarded.h"

namespace kcloud::webhook {

namespace {

// What an event costs in a batch's memory beside its body, roughly: the decoder's texts.

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

void decode_all(const Post& post, const Settings& settings, const core::Split& split,
                core::Decoder& decoder, CloudEvents& cloud_events, Received& result) {
  const Mode mode = result.content.mode;
  Numbered position(post.request);
  Numbered key(post.key);
  core::TransportHints hints;
  hints.collector = post.forwarded ? settings.forward : settings.collector;
  hints.agent = settings.agent;
  hints.received = post.received;
  if (!post.key.empty()) hints.key_kind = "idempotency";
  std::vector<core::FieldError> errors;
  std::vector<std::string_view> warnings;
  std::optional<core::EnvelopeReader> reader;
  if (result.content.envelopes || post.forwarded) reader.emplace();
  core::Intake& intake = *result.intake;
  intake.batch.events.reserve(split.elements.size());
  for (std::size_t index = 0; index < split.elements.size(); ++index) {
    std::string_view json = split.elements[index];
    hints.type = post.type;
    hints.position = position.at(index);
    if (!post.key.empty()) hints.key = key.at(index);
    errors.clear();
    warnings.clear();
    const bool unwrapped = mode == Mode::kPlain ||
                           cloud_events.unwrap(mode, post.cloud, *settings.catalogue,
                                               2 * settings.max_event_bytes, json, hints, errors);
    const bool good =
        post.forwarded
            ? core::decode_forwarded(json, *reader, decoder, hints, intake.batch, errors, warnings)
        : reader
            ? core::decode_either(json, *reader, decoder, hints, intake.batch, errors, warnings)
            : unwrapped && decoder.decode(json, hints, intake.batch, errors, warnings);
    if (good) {
      for (std::string_view code : warnings) result.ledger.warnings.push_back({index, code});
    } else {
      const std::string_view element = split.elements[index];
      intake.refused.push_back(core::refusal(
          hints, errors, unwrapped && !reader ? decoder.refused(element) : decoder.unread(element),
          settings.dead_letter_body_bytes));
      result.ledger.refused.push_back({index, std::move(errors)});
    }
  }
}

Received refused(Problem problem) {
  Received result;
  result.problem = std::move(problem);
  return result;
}

// Binary mode is one event, whatever its bytes look like.
core::Split split_body(std::string_view text, const Content& content, std::size_t most) {
  if (content.mode != Mode::kBinary) return core::split_json(text, content.lines, most);
  core::Split one;
  if (text.starts_with("\xEF\xBB\xBF")) text.remove_prefix(3);
  one.elements.push_back(text);
  return one;
}

std::optional<Problem> check_split(const core::Split& split, const Settings& settings, Mode mode) {
  if (!split.error.empty()) {
    return Problem{400, "the body is not JSON: " + split.error, Refusal::kNotJson};
  }
  if (split.too_many) {
    return Problem{413,
                   "the request holds more events than http.max_events_per_request, " +
                       std::to_string(settings.max_events),
                   Refusal::kTooManyEvents};
  }
  if (auto problem = check_shape(mode, split)) return problem;
  if (split.elements.empty()) return Problem{400, "the array is empty", Refusal::kNotJson};
  return std::nullopt;
}

}  // namespace

Received receive(const Post& post, const Settings& settings, core::Decoder& decoder,
                 Workspace& workspace) {
  ContentCheck check = check_content(post.content_type, post.content_encoding);
  if (check.problem) return refused(std::move(*check.problem));
  Content& content = check.content;
  if (content.mode == Mode::kPlain && !post.cloud.empty()) {
    if (auto problem = check_binary(content, post.cloud)) return refused(std::move(*problem));
    content.mode = Mode::kBinary;
  }
  if (post.body.size() > settings.max_body_bytes) {
    return refused({413, "the body is larger than http.max_body_bytes", Refusal::kTooLarge});
  }
  std::string_view text = post.body;
  if (content.coding != Coding::kIdentity) {
    if (auto problem =
            workspace.inflater.inflate(content.coding, post.body, settings.max_body_bytes, text)) {
      return refused(std::move(*problem));
    }
  }
  const core::Split split = split_body(text, content, settings.max_events);
  if (auto problem = check_split(split, settings, content.mode)) {
    return refused(std::move(*problem));
  }
  Received result;
  result.content = content;
  result.bytes = text.size();
  result.ledger.inputs = split.elements.size();
  result.ledger.strict = !post.prefer.empty() && prefers_strict(post.prefer);
  result.intake = std::make_unique<core::Intake>();
  result.intake->batch = core::EventBatch(
      text.size() + 64 + core::arena_per_event(decoder.options()) * split.elements.size());
  decode_all(post, settings, split, decoder, workspace.cloud_events, result);
  const auto& refusals = result.ledger.refused;
  if (split.elements.size() == 1 && refusals.size() == 1 &&
      split.shape == core::Split::Shape::kObject && core::is_not_json(refusals.front().errors)) {
    return refused({400, "the body is not JSON: " + refusals.front().errors.front().problem,
                    Refusal::kNotJson});
  }
  return result;
}

}  // namespace kcloud::webhook
