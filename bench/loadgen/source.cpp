#include "bench/loadgen/source.h"

#include <openssl/evp.h>
#include <openssl/hmac.h>

#include <algorithm>
#include <charconv>
#include <limits>
#include <stdexcept>

#include "core/base64.h"
#include "exporters/http_client/gzip.h"

namespace kcloud::bench {
namespace {

std::string head(const Target& target, const std::string& method, const std::string& path) {
  std::string text = method + " " + path + " HTTP/1.1\r\nHost: " + target.host + ":" +
                     std::to_string(target.port) + "\r\n";
  if (!target.token.empty()) text += "Authorization: Bearer " + target.token + "\r\n";
  return text;
}

// The header fields of the Standard Webhooks specification, over the bytes as sent.
std::string signature(const std::string& key, const std::string& id, std::string_view body) {
  const std::string stamp = std::to_string(unix_ms_now() / 1000);
  std::string text = id + "." + stamp + ".";
  text.append(body);
  unsigned char digest[EVP_MAX_MD_SIZE];
  unsigned int size = 0;
  HMAC(EVP_sha256(), key.data(), static_cast<int>(key.size()),
       reinterpret_cast<const unsigned char*>(text.data()), text.size(), digest, &size);
  unsigned char encoded[2 * EVP_MAX_MD_SIZE];
  EVP_EncodeBlock(encoded, digest, static_cast<int>(size));
  return "webhook-id: " + id + "\r\nwebhook-timestamp: " + stamp + "\r\nwebhook-signature: v1," +
         reinterpret_cast<const char*>(encoded) + "\r\n";
}

}  // namespace

Target parse_target(const std::string& text) {
  std::string_view rest = text;
  Target target;
  if (rest.starts_with("http://")) rest.remove_prefix(7);
  if (rest.starts_with("https://")) {
    rest.remove_prefix(8);
    target.tls = true;
  }
  while (rest.ends_with('/')) rest.remove_suffix(1);
  const std::size_t colon = rest.rfind(':');
  if (colon == std::string_view::npos) throw std::invalid_argument(text + ": expected HOST:PORT");
  target.host = rest.substr(0, colon);
  const std::string_view port = rest.substr(colon + 1);
  if (std::from_chars(port.data(), port.data() + port.size(), target.port).ec != std::errc()) {
    throw std::invalid_argument(text + ": expected HOST:PORT");
  }
  return target;
}

PostSource::PostSource(const Target& target, const std::string& path, std::size_t batch,
                       std::uint32_t run, std::uint64_t limit)
    : body_(run),
      batch_(batch),
      left_(limit == 0 ? std::numeric_limits<std::uint64_t>::max() : limit) {
  std::string events = batch > 1 ? "[" : "";
  for (std::size_t i = 0; i < batch; ++i) events.append(i > 0 ? "," : "").append(body_.text());
  if (batch > 1) events += ']';
  rendered_ = head(target, "POST", path) +
              "Content-Type: application/json\r\nContent-Length: " + std::to_string(events.size()) +
              "\r\n\r\n";
  first_at_ = rendered_.size() + (batch > 1 ? 1 : 0);
  rendered_ += events;
}

bool PostSource::next(std::string& request) {
  if (left_ == 0) return false;
  --left_;
  if (request.empty()) request = rendered_;
  const std::string_view time = time_.at(unix_ms_now());
  char* at = request.data() + first_at_;
  for (std::size_t i = 0; i < batch_; ++i, at += body_.size() + 1) body_.patch(at, number_++, time);
  return true;
}

WrappedSource::WrappedSource(const Target& target, const std::string& path, std::size_t batch,
                             std::uint32_t run, std::uint64_t limit, const Wrapping& wrapping)
    : batch_(batch) {
  std::string key;
  if (!wrapping.secret.empty()) {
    constexpr std::string_view kPrefix = "whsec_";
    const std::string_view secret = wrapping.secret;
    const auto decoded =
        core::base64_decode(secret.substr(std::min(kPrefix.size(), secret.size())));
    if (!secret.starts_with(kPrefix) || !decoded) {
      throw std::invalid_argument("a secret is whsec_ and base64");
    }
    key = *decoded;
  }
  PostSource plain(target, path, batch, run, limit);
  http_client::Gzip gzip;
  std::string request, compressed;
  while (plain.next(request)) {
    const std::string_view body = std::string_view(request).substr(request.find("\r\n\r\n") + 4);
    if (wrapping.gzip) gzip.compress(body, compressed);
    const std::string_view sent = wrapping.gzip ? std::string_view(compressed) : body;
    std::string wrapped = head(target, "POST", path) + "Content-Type: application/json\r\n";
    if (wrapping.gzip) wrapped += "Content-Encoding: gzip\r\n";
    const std::string id = std::to_string(run) + "-" + std::to_string(requests_.size());
    if (!key.empty()) wrapped += signature(key, id, sent);
    wrapped += "Content-Length: " + std::to_string(sent.size()) + "\r\n\r\n";
    requests_.push_back(wrapped.append(sent));
  }
}

bool WrappedSource::next(std::string& request) {
  if (at_ == requests_.size()) return false;
  request = std::move(requests_[at_++]);
  return true;
}

GetSource::GetSource(const Target& target, std::vector<std::string> paths, bool repeat)
    : target_(target), paths_(std::move(paths)), repeat_(repeat) {}

bool GetSource::next(std::string& request) {
  if (at_ == paths_.size() && repeat_) at_ = 0;
  if (at_ == paths_.size()) return false;
  request = head(target_, "GET", paths_[at_++]) + "\r\n";
  return true;
}

}  // namespace kcloud::bench
