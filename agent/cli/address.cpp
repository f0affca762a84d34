#include "agent/cli/address.h"

#include <fmt/format.h>

#include <cstdio>

#include "core/json.h"

namespace kcloud::cli {

std::string base_url(const Address& address) {
  std::string url = address.url;
  while (url.ends_with('/')) url.pop_back();
  return url;
}

std::vector<http_client::Header> headers_of(const Address& address) {
  if (address.token.empty()) return {};
  return {{"Authorization", "Bearer " + address.token}};
}

http_client::Options options_of(const Address& address, http_client::Options options) {
  options.ca_file = address.ca;
  options.certificate_file = address.cert;
  options.key_file = address.key;
  return options;
}

std::string explain_silence(const http_client::Response& response) {
  if (response.untrusted) {
    return fmt::format(
        "the certificates do not fit ({}). Hint: --ca names the agent's authority, --cert and "
        "--key the certificate that it may ask for",
        response.error);
  }
  return fmt::format(
      "no agent answers ({}). Hint: start one with `make run`, or name another with --url",
      response.error);
}

int refused(const http_client::Response& response, std::string_view role) {
  if (!response.answered()) {
    fmt::print(stderr, "error: {}\n", explain_silence(response));
    return 2;
  }
  if (response.status < 300) return 0;
  std::string detail = core::json_text_at(response.body, "detail");
  if (detail.empty()) detail = fmt::format("the agent answered {}", response.status);
  const bool unknown = response.status == 401 || response.status == 403;
  fmt::print(stderr, "error: {}{}\n", detail,
             unknown ? fmt::format(". Hint: --token, with the role {}", role) : "");
  return 1;
}

}  // namespace kcloud::cli
