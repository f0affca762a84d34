// What a receiver's answer means, and its words. Pure.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "config/alerting.h"
#include "exporters/http_client/client.h"

namespace kcloud::alerting {

enum class Verdict : std::uint8_t {
  kTaken,    // 2xx
  kAgain,    // no answer, 408, 429, 5xx: to be tried again
  kRefused,  // anything else: trying again does not help
};
Verdict judge(const http_client::Response& response);

// One short line: what was answered, or why there was no answer. Secrets in it become `***`.
std::string words_of(const http_client::Response& response,
                     const std::vector<std::string>& secrets);

// `answered 404: no such channel`; without an answer the words alone.
std::string describe(const http_client::Response& response, const std::string& words);

// Texts of the notifier's configuration that nobody may see, the longest first.
std::vector<std::string> secrets_of(const config::NotifierConfig& notifier);

}  // namespace kcloud::alerting
