// What a POST's header fields say about its body. Pure.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace kcloud::webhook {

// Why a whole request is refused, for its counter.
enum class Refusal : std::uint8_t {
  kContentType,
  kContentEncoding,
  kEncodedBody,  // broken or truncated compression
  kNotJson,
  kCloudEvent,  // attributes or shape do not fit the mode
  kTooLarge,
  kTooManyEvents,
};
inline constexpr std::array<std::string_view, 7> kRefusals = {
    "content_type", "content_encoding", "encoded_body",   "not_json",
    "cloudevent",   "too_large",        "too_many_events"};

// An HTTP status, a sentence for the problem document, and the reason.
struct Problem {
  int status = 400;
  std::string detail;
  Refusal reason = Refusal::kNotJson;
};

enum class Coding : std::uint8_t { kIdentity, kGzip, kZstd, kDeflate };
inline constexpr std::array<std::string_view, 4> kCodings = {"identity", "gzip", "zstd", "deflate"};
inline std::string_view name_of(Coding coding) {
  return kCodings[static_cast<std::size_t>(coding)];
}

// How events lie in a body: as they are, or as CloudEvents in one of the modes of their HTTP
// binding.
enum class Mode : std::uint8_t { kPlain, kStructured, kBatched, kBinary };
inline constexpr std::array<std::string_view, 4> kModes = {"plain", "structured", "batched",
                                                           "binary"};

// Header fields of a 415 answer that say what is taken (RFC 9110, 15.5.16).
inline constexpr std::string_view kAcceptedTypes =
    "application/json, application/x-ndjson, application/cloudevents+json, "
    "application/cloudevents-batch+json";
inline constexpr std::string_view kAcceptedCodings = "gzip, zstd, deflate, identity";

// Lines of which each is an event of `GET /events`, taken as that same event, or a plain one.
inline constexpr std::string_view kEnvelopeType = "application/vnd.kcloud.envelopes";

struct Content {
  bool lines = false;        // NDJSON by its type
  bool envelopes = false;    // lines may be events as the agent writes them, under their own ids
  Mode mode = Mode::kPlain;  // by the type; ce-* header fields make plain binary
  Coding coding = Coding::kIdentity;
};

// 415 for types and encodings that are not taken; looks at the header fields only.
struct ContentCheck {
  std::optional<Problem> problem;
  Content content;
};
ContentCheck check_content(std::string_view content_type, std::string_view content_encoding);

// `Prefer: handling=strict` (RFC 7240), also among other preferences.
bool prefers_strict(std::string_view prefer);

}  // namespace kcloud::webhook
