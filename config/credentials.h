// Tokens and signing secrets as texts: what is good enough, and files that hold one a line. Pure;
// no message shows any part of one.
#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "config/config.h"

namespace kcloud::config {

inline constexpr std::string_view kStandardWebhooks = "standard_webhooks";
inline constexpr std::string_view kGithub = "github";

// What is wrong with it; empty: nothing.
std::string token_fault(std::string_view token);
std::string secret_fault(std::string_view scheme, std::string_view secret);

// The HMAC key of a secret without fault: what `whsec_<base64>` stands for, GitHub's as it is.
std::string signing_key(std::string_view scheme, std::string_view secret);

struct Credentials {
  std::vector<Secret> values;
  std::string fault;  // not empty: the text is no good as a whole
  bool operator==(const Credentials&) const = default;
};

// One credential a line, at least one and at most 16; empty lines are passed over.
Credentials parse_credentials(std::string_view text,
                              const std::function<std::string(std::string_view)>& fault_of);

// A token's or signer's file, read anew.
Credentials read_credentials(const TokenConfig& token, const Environment& environment);
Credentials read_credentials(const SignatureConfig& signer, const Environment& environment);

}  // namespace kcloud::config
