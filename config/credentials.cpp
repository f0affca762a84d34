#include "config/credentials.h"

#include <fmt/format.h>

#include <algorithm>

#include "core/base64.h"

namespace kcloud::config {

namespace {

constexpr std::size_t kShortestToken = 16;
constexpr std::size_t kShortestKey = 16;  // bytes
constexpr std::size_t kMostCredentials = 16;
constexpr std::string_view kSecretPrefix = "whsec_";

bool is_graphic(unsigned char c) { return c > 0x20 && c < 0x7F; }

Credentials read_file(const std::string& path, const Environment& environment,
                      const std::function<std::string(std::string_view)>& fault_of) {
  const auto text = environment.file(path);
  if (!text) return {{}, "the file cannot be read"};
  return parse_credentials(*text, fault_of);
}

}  // namespace

std::string token_fault(std::string_view token) {
  if (token.size() < kShortestToken)
    return fmt::format("must have at least {} characters, for example from `openssl rand -hex 24`",
                       kShortestToken);
  if (!std::all_of(token.begin(), token.end(), is_graphic))
    return "must be printable ASCII without blanks, as it stands in a header";
  return {};
}

std::string secret_fault(std::string_view scheme, std::string_view secret) {
  if (scheme == kGithub) {
    if (secret.size() >= kShortestKey) return {};
    return fmt::format("must have at least {} bytes, for example from `openssl rand -hex 24`",
                       kShortestKey);
  }
  constexpr std::string_view kExample = "such as \"whsec_$(openssl rand -base64 24)\"";
  if (!secret.starts_with(kSecretPrefix))
    return fmt::format("must begin with `{}`, {}", kSecretPrefix, kExample);
  const auto key = core::base64_decode(secret.substr(kSecretPrefix.size()));
  if (!key) return fmt::format("must be base64 behind `{}`, {}", kSecretPrefix, kExample);
  if (key->size() >= kShortestKey) return {};
  return fmt::format("must stand for at least {} bytes, {}", kShortestKey, kExample);
}

std::string signing_key(std::string_view scheme, std::string_view secret) {
  if (scheme == kGithub) return std::string(secret);
  return core::base64_decode(secret.substr(kSecretPrefix.size())).value();
}

Credentials parse_credentials(std::string_view text,
                              const std::function<std::string(std::string_view)>& fault_of) {
  Credentials found;
  for (int number = 1; !text.empty(); ++number) {
    const std::size_t end = std::min(text.find('\n'), text.size());
    std::string_view line = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    if (line.ends_with('\r')) line.remove_suffix(1);
    if (line.empty()) continue;
    if (const auto fault = fault_of(line); !fault.empty())
      return {{}, fmt::format("line {} {}", number, fault)};
    if (found.values.size() == kMostCredentials)
      return {{}, fmt::format("holds more than {} lines", kMostCredentials)};
    found.values.push_back({std::string(line)});
  }
  if (found.values.empty()) found.fault = "the file is empty; expected one a line";
  return found;
}

Credentials read_credentials(const TokenConfig& token, const Environment& environment) {
  return read_file(token.token_file, environment, token_fault);
}

Credentials read_credentials(const SignatureConfig& signer, const Environment& environment) {
  return read_file(signer.secrets_file, environment,
                   [&](std::string_view secret) { return secret_fault(signer.scheme, secret); });
}

}  // namespace kcloud::config
