#include "collectors/webhook/signature.h"

#include <openssl/crypto.h>

#include <algorithm>
#include <charconv>
#include <string>

#include "core/base64.h"
#include "core/hex.h"

namespace kcloud::webhook {

namespace {

constexpr std::string_view kVersion = "v1,";
constexpr std::string_view kHubPrefix = "sha256=";
constexpr std::size_t kBase64Size = 44;  // of a digest

std::optional<std::int64_t> parse_seconds(std::string_view text) {
  std::int64_t seconds = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), seconds);
  const bool whole = error == std::errc() && end == text.data() + text.size();
  constexpr std::int64_t kEndOfTime = 1'000'000'000'000;  // keeps the arithmetic in range
  if (!whole || seconds < 0 || seconds > kEndOfTime) return std::nullopt;
  return seconds;
}

// The next `v1` signature of a list, without its version; empty at the end.
std::string_view next_signature(std::string_view& list) {
  while (!list.empty()) {
    const std::size_t blank = std::min(list.find(' '), list.size());
    const std::string_view entry = list.substr(0, blank);
    list.remove_prefix(std::min(blank + 1, list.size()));
    if (entry.starts_with(kVersion) && entry.size() == kVersion.size() + kBase64Size) {
      return entry.substr(kVersion.size());
    }
  }
  return {};
}

bool matches(const Signer& signer, const SignatureFields& fields, std::string_view body) {
  bool found = false;
  for (const core::HmacKey& key : signer.keys) {
    const core::HmacKey::Digest digest = key.sign({fields.id, ".", fields.timestamp, ".", body});
    const std::string wanted = core::base64_encode(core::view(digest));
    std::string_view list = fields.signature;
    for (std::string_view one = next_signature(list); !one.empty(); one = next_signature(list)) {
      found |= CRYPTO_memcmp(one.data(), wanted.data(), kBase64Size) == 0;
    }
  }
  return found;
}

Verdict verify_standard(std::span<const Signer> signers, const SignatureFields& fields,
                        std::string_view body, core::Time now) {
  const auto seconds = parse_seconds(fields.timestamp);
  std::string_view list = fields.signature;
  // A dot in the id would let the same bytes be read as another id, time and body.
  const bool good_id = !fields.id.empty() && fields.id.find('.') == std::string_view::npos;
  if (!seconds || !good_id || next_signature(list).empty()) {
    return {SignatureFault::kMalformed, {}};
  }
  const std::chrono::seconds age =
      std::chrono::floor<std::chrono::seconds>(now.time_since_epoch()) -
      std::chrono::seconds(*seconds);
  Verdict verdict{age.count() > 0 ? SignatureFault::kTooOld : SignatureFault::kFuture, {}};
  for (std::size_t i = 0; i < signers.size(); ++i) {
    const Signer& signer = signers[i];
    if (signer.scheme != SignatureScheme::kStandardWebhooks) continue;
    if (std::chrono::abs(age) > signer.tolerance) continue;
    if (!verdict.signer) verdict.fault = SignatureFault::kWrong;
    if (matches(signer, fields, body) && !verdict.signer) verdict = {{}, i};
  }
  return verdict;
}

// Lower case only: one body has one signature, which may serve as its identity.
std::optional<core::HmacKey::Digest> parse_hub(std::string_view text) {
  core::HmacKey::Digest digest;
  if (!text.starts_with(kHubPrefix) || text.size() != kHubPrefix.size() + 2 * digest.size()) {
    return std::nullopt;
  }
  text.remove_prefix(kHubPrefix.size());
  for (std::size_t i = 0; i < digest.size(); ++i) {
    const int high = core::hex_value(text[2 * i]);
    const int low = core::hex_value(text[2 * i + 1]);
    if (high < 0 || low < 0) return std::nullopt;
    digest[i] = static_cast<unsigned char>(high << 4 | low);
  }
  return digest;
}

Verdict verify_github(std::span<const Signer> signers, std::string_view hub,
                      std::string_view body) {
  const auto presented = parse_hub(hub);
  if (!presented) return {SignatureFault::kMalformed, {}};
  Verdict verdict{SignatureFault::kWrong, {}};
  for (std::size_t i = 0; i < signers.size(); ++i) {
    if (signers[i].scheme != SignatureScheme::kGithub) continue;
    bool found = false;
    for (const core::HmacKey& key : signers[i].keys) {
      const core::HmacKey::Digest digest = key.sign({body});
      found |= CRYPTO_memcmp(digest.data(), presented->data(), digest.size()) == 0;
    }
    if (found && !verdict.signer) verdict = {{}, i};
  }
  return verdict;
}

bool has(std::span<const Signer> signers, SignatureScheme scheme) {
  return std::any_of(signers.begin(), signers.end(),
                     [&](const Signer& signer) { return signer.scheme == scheme; });
}

}  // namespace

std::string_view name_of(SignatureFault fault) {
  switch (fault) {
    case SignatureFault::kMalformed:
      return "malformed";
    case SignatureFault::kWrong:
      return "wrong";
    case SignatureFault::kTooOld:
      return "too_old";
    case SignatureFault::kFuture:
      break;
  }
  return "future";
}

std::string_view explain(SignatureFault fault) {
  switch (fault) {
    case SignatureFault::kMalformed:
      return "the signature is malformed; expected webhook-id without a dot, webhook-timestamp in "
             "seconds and webhook-signature: v1,<base64>, or X-Hub-Signature-256: sha256=<hex>";
    case SignatureFault::kWrong:
      return "the signature fits none of the keys; it is an HMAC-SHA256 over the body's bytes as "
             "they are sent";
    case SignatureFault::kTooOld:
      return "webhook-timestamp is too long ago; sign the request again, and compare the clocks";
    case SignatureFault::kFuture:
      break;
  }
  return "webhook-timestamp is in the future; compare the clocks";
}

bool has_signature(std::span<const Signer> signers, const SignatureFields& fields) {
  return (!fields.signature.empty() && has(signers, SignatureScheme::kStandardWebhooks)) ||
         (!fields.hub.empty() && has(signers, SignatureScheme::kGithub));
}

Verdict verify(std::span<const Signer> signers, const SignatureFields& fields,
               std::string_view body, core::Time now) {
  Verdict verdict;
  if (!fields.signature.empty() && has(signers, SignatureScheme::kStandardWebhooks)) {
    verdict = verify_standard(signers, fields, body, now);
    if (verdict.fault) return verdict;
  }
  if (!fields.hub.empty() && has(signers, SignatureScheme::kGithub)) {
    const Verdict github = verify_github(signers, fields.hub, body);
    if (github.fault || !verdict.signer) return github;
  }
  return verdict;
}

}  // namespace kcloud::webhook
