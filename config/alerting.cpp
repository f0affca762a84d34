#include "config/alerting.h"

#include <fmt/format.h>

#include <algorithm>

#include "config/credentials.h"
#include "config/instance.h"
#include "config/options.h"
#include "config/reader.h"
#include "config/suggest.h"

namespace kcloud::config {

namespace {

constexpr std::size_t kMostPeers = 16;
const std::vector<std::string> kTypes{"alertmanager", "webhook", "slack"};

// What is wrong with it, without showing it; empty: nothing.
std::string url_fault(const std::string& url) {
  const auto scheme = url.find("://");
  const bool web = url.starts_with("http://") || url.starts_with("https://");
  if (!web || url.size() == scheme + 3) return "expected http://… or https://…";
  const auto authority = url.substr(scheme + 3, url.find('/', scheme + 3) - scheme - 3);
  if (authority.find('@') != std::string::npos) return "expected no user in the URL";
  return {};
}

void check_url(Section& section, const NotifierConfig& notifier) {
  if (!section.has("url"))
    section.fail("", fmt::format("a notifier of type {} needs `url`", notifier.type));
  else if (const auto fault = url_fault(notifier.url.value);
           !notifier.url.empty() && !fault.empty())
    section.fail("url", fault);
}

void check_peers(Section& section, NotifierConfig& notifier) {
  if (notifier.urls.empty() || notifier.urls.size() > kMostPeers)
    section.fail("urls", fmt::format("must name 1 to {} Alertmanagers, such as "
                                     "http://alertmanager:9093",
                                     kMostPeers));
  for (auto& url : notifier.urls) {
    auto fault = url_fault(url);
    if (fault.empty() && url.find_first_of("?#") != std::string::npos)
      fault = "expected no query in the URL";
    if (!fault.empty()) section.fail("urls", fault);
    while (url.ends_with('/')) url.pop_back();
    if (std::ranges::count(notifier.urls, url) > 1)
      section.fail("urls", fmt::format("'{}' is there twice", url));
  }
  if (!notifier.token.empty() && !notifier.username.empty())
    section.fail("token", "expected either `token` or `username` and `password`");
}

// Of header fields: RFC 9110, 5.6.2 and 5.5.
bool is_token(std::string_view text) {
  const auto fits = [](unsigned char c) {
    return c > 0x20 && c < 0x7F &&
           std::string_view("\"(),/:;<=>?@[\\]{}").find(static_cast<char>(c)) ==
               std::string_view::npos;
  };
  return !text.empty() && std::all_of(text.begin(), text.end(), fits);
}

void read_headers(Section& section, NotifierConfig& notifier) {
  std::map<std::string, std::string> headers;
  section.read("headers", headers);
  for (auto& [name, value] : headers) {
    std::string lower = name;
    std::ranges::transform(lower, lower.begin(), [](char c) {
      return c >= 'A' && c <= 'Z' ? static_cast<char>(c + ('a' - 'A')) : c;
    });
    const auto is_control = [](unsigned char c) { return (c < 0x20 && c != '\t') || c == 0x7F; };
    if (!is_token(name) || std::ranges::any_of(value, is_control))
      section.fail("headers", "expected names and values of header fields, each on one line");
    else if (lower.starts_with("webhook-") || lower == "content-type" || lower == "content-length")
      section.fail("headers", fmt::format("'{}' is set by the agent", name));
    notifier.headers[name] = Secret{std::move(value)};
  }
}

NotifierConfig read_notifier(const std::string& name, Section& section) {
  NotifierConfig notifier;
  notifier.name = name;
  check_instance(section, "a notifier", name);
  section.read_choice("type", notifier.type, kTypes);
  if (std::ranges::find(kTypes, notifier.type) == kTypes.end()) {
    if (!section.has("type")) section.fail("", "needs `type`: one of " + joined(kTypes));
    section.ignore_rest();
    return notifier;
  }
  visit_notifier(Reader{section}, notifier);
  check_backoff(section, notifier.backoff_initial, notifier.backoff_max);
  if (notifier.type == "alertmanager") {
    check_peers(section, notifier);
    return notifier;
  }
  check_url(section, notifier);
  if (notifier.type == "slack") return notifier;
  read_headers(section, notifier);
  if (!notifier.secret.empty()) {
    const auto fault = secret_fault(kStandardWebhooks, notifier.secret.value);
    if (!fault.empty()) section.fail("secret", fault);
  }
  return notifier;
}

}  // namespace

void read_alerting(Section section, AlertingConfig& alerting) {
  visit_alerting(Reader{section}, alerting);
  if (const auto fault = url_fault(alerting.external_url);
      !alerting.external_url.empty() && !fault.empty())
    section.fail("external_url", fault);
  while (alerting.external_url.ends_with('/')) alerting.external_url.pop_back();
  const auto& by = alerting.group_by;
  if (std::ranges::find(by, "") != by.end() ||
      (by.size() > 1 && std::ranges::find(by, "...") != by.end()))
    section.fail("group_by", "expected names of labels, or `...` alone for all of them");
  for (auto& [name, entry] : section.named("notifiers"))
    alerting.notifiers.push_back(read_notifier(name, entry));
}

}  // namespace kcloud::config
