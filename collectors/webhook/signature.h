// Signatures of webhooks, over the body's bytes as they came, before decompression:
// Standard Webhooks (https://www.standardwebhooks.com, symmetric signatures `v1`) and GitHub's
// `X-Hub-Signature-256`. Pure; any thread. Every key and every signature is compared, each in
// constant time, so that the time tells nothing about which was near.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "core/hmac.h"
#include "core/time.h"

namespace kcloud::webhook {

enum class SignatureScheme : std::uint8_t { kStandardWebhooks, kGithub };

// One who signs. Any of the keys may match: several at once make a rotation.
struct Signer {
  SignatureScheme scheme;
  std::chrono::seconds tolerance;  // between webhook-timestamp and the clock; not for GitHub
  std::vector<core::HmacKey> keys;
};

// The header fields' values, empty where absent.
struct SignatureFields {
  std::string_view id;         // webhook-id
  std::string_view timestamp;  // webhook-timestamp, seconds since 1970
  std::string_view signature;  // webhook-signature: `v1,<base64>`, several with blanks between
  std::string_view hub;        // X-Hub-Signature-256: `sha256=<hex>`
};

enum class SignatureFault : std::uint8_t { kMalformed, kWrong, kTooOld, kFuture };
inline constexpr std::size_t kSignatureFaults = 4;
std::string_view name_of(SignatureFault fault);  // `malformed`, … as metrics label it
std::string_view explain(SignatureFault fault);  // a sentence for a problem document

// Neither member: nothing to verify, no signature of a scheme that a signer has.
struct Verdict {
  std::optional<SignatureFault> fault;
  std::optional<std::size_t> signer;  // index of the one whose key matched
};

// A request with signatures of both schemes must satisfy both, where both have signers.
Verdict verify(std::span<const Signer> signers, const SignatureFields& fields,
               std::string_view body, core::Time now);

// Whether verify() would look: a signature is there, and a signer of its scheme.
bool has_signature(std::span<const Signer> signers, const SignatureFields& fields);

}  // namespace kcloud::webhook
