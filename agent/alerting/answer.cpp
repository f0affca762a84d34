#include "agent/alerting/answer.h"

#include <fmt/format.h>

#include <algorithm>

#include "exporters/http_client/brief.h"

namespace kcloud::alerting {

Verdict judge(const http_client::Response& response) {
  const int status = response.status;
  if (status >= 200 && status < 300) return Verdict::kTaken;
  const bool again = status == 0 || status == 408 || status == 429 || status >= 500;
  return again ? Verdict::kAgain : Verdict::kRefused;
}

std::string words_of(const http_client::Response& response,
                     const std::vector<std::string>& secrets) {
  std::string text = response.answered() ? response.body : response.error;
  for (const auto& secret : secrets) {
    for (auto at = text.find(secret); at != std::string::npos; at = text.find(secret, at + 3)) {
      text.replace(at, secret.size(), "***");
    }
  }
  return http_client::brief(text);
}

std::string describe(const http_client::Response& response, const std::string& words) {
  if (!response.answered()) return words;
  return fmt::format("answered {}{}{}", response.status, words.empty() ? "" : ": ", words);
}

std::vector<std::string> secrets_of(const config::NotifierConfig& notifier) {
  std::vector<std::string> secrets{notifier.url.value, notifier.secret.value,
                                   notifier.password.value, notifier.token.value};
  for (const auto& [name, value] : notifier.headers) secrets.push_back(value.value);
  // Servers name the path alone of what they do not know.
  const auto scheme = notifier.url.value.find("://");
  if (scheme != std::string::npos) {
    const auto path = notifier.url.value.find('/', scheme + 3);
    if (path != std::string::npos) secrets.push_back(notifier.url.value.substr(path));
  }
  std::erase_if(secrets, [](const std::string& secret) { return secret.size() < 4; });
  std::ranges::sort(secrets, std::ranges::greater{}, &std::string::size);
  return secrets;
}

}  // namespace kcloud::alerting
