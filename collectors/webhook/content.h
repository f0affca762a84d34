// What a POST's header fields say about its body, and undoing gzip. Pure.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace kcloud::webhook {

// Why a whole request is refused: an HTTP status and a sentence for its problem document.
struct Problem {
  int status = 400;
  std::string detail;
};

// Lines of which each is an event of `GET /events`, taken as that same event, or a plain one.
inline constexpr std::string_view kEnvelopeType = "application/vnd.kcloud.envelopes";

struct Content {
  bool lines = false;      // NDJSON by its type
  bool envelopes = false;  // lines may be events as the agent writes them, under their own ids
  bool gzip = false;
};

// 415 for types and encodings that are not taken; looks at the header fields only.
struct ContentCheck {
  std::optional<Problem> problem;
  Content content;
};
ContentCheck check_content(std::string_view content_type, std::string_view content_encoding);

// `Prefer: handling=strict` (RFC 7240), also among other preferences.
bool prefers_strict(std::string_view prefer);

// Inflates gzip (several members too) into `out`, never more than `max_bytes`: 400 for what is no
// gzip, 413 for what would become larger.
std::optional<Problem> gunzip(std::string_view compressed, std::uint64_t max_bytes,
                              std::string& out);

}  // namespace kcloud::webhook
