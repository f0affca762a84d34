#include "core/event_id.h"

#include <openssl/evp.h>

#include <cstring>
#include <stdexcept>
#include <string>
#include <utility>

#include "core/sha256.h"

namespace kcloud::core {

Sha256Hasher::Sha256Hasher()
    : context_(EVP_MD_CTX_new()), digest_(EVP_MD_fetch(nullptr, "SHA256", nullptr)) {
  if (context_ == nullptr || digest_ == nullptr) {
    EVP_MD_CTX_free(context_);
    EVP_MD_free(digest_);
    throw std::runtime_error("OpenSSL offers no SHA-256");
  }
}

Sha256Hasher::~Sha256Hasher() {
  EVP_MD_CTX_free(context_);
  EVP_MD_free(digest_);
}

Sha256Hasher::Sha256Hasher(Sha256Hasher&& other) noexcept
    : context_(std::exchange(other.context_, nullptr)),
      digest_(std::exchange(other.digest_, nullptr)) {}

void Sha256Hasher::begin() {
  if (EVP_DigestInit_ex2(context_, digest_, nullptr) != 1)
    throw std::runtime_error("SHA-256 failed");
}

void Sha256Hasher::update(std::string_view piece) {
  if (EVP_DigestUpdate(context_, piece.data(), piece.size()) != 1)
    throw std::runtime_error("SHA-256 failed");
}

Sha256 Sha256Hasher::finish() {
  Sha256 out;
  if (EVP_DigestFinal_ex(context_, out.data(), nullptr) != 1)
    throw std::runtime_error("SHA-256 failed");
  return out;
}

Sha256 Sha256Hasher::hash(std::string_view first, std::string_view second) {
  begin();
  update(first);
  update(second);
  return finish();
}

Sha256 sha256(std::string_view data) { return Sha256Hasher().hash(data); }

Sha256 key_digest(std::string_view kind, std::string_view key) {
  std::string prefix(kind);
  prefix.push_back('\0');
  return Sha256Hasher().hash(prefix, key);
}

std::int64_t EventId::unix_ms() const {
  std::int64_t ms = 0;
  for (std::size_t i = 0; i < 6; ++i) ms = ms << 8 | bytes[i];
  return ms;
}

EventId make_event_id(Time time, const Sha256& key_digest) {
  const auto ms = std::chrono::floor<std::chrono::milliseconds>(time).time_since_epoch().count();
  EventId id;
  for (std::size_t i = 0; i < 6; ++i) {
    id.bytes[i] = static_cast<std::uint8_t>(static_cast<std::uint64_t>(ms) >> (40 - 8 * i));
  }
  std::memcpy(&id.bytes[6], key_digest.data(), 10);
  id.bytes[6] = static_cast<std::uint8_t>((id.bytes[6] & 0x0F) | 0x80);  // version 8
  id.bytes[8] = static_cast<std::uint8_t>((id.bytes[8] & 0x3F) | 0x80);  // variant 10
  return id;
}

void append_id(std::string& out, const EventId& id) {
  static constexpr char kHex[] = "0123456789abcdef";
  char text[36];
  std::size_t at = 0;
  for (std::size_t i = 0; i < 16; ++i) {
    if (i == 4 || i == 6 || i == 8 || i == 10) text[at++] = '-';
    text[at++] = kHex[id.bytes[i] >> 4];
    text[at++] = kHex[id.bytes[i] & 15];
  }
  out.append(text, sizeof text);
}

std::string to_string(const EventId& id) {
  std::string out;
  append_id(out, id);
  return out;
}

std::optional<EventId> parse_event_id(std::string_view text) {
  if (text.size() != 36) return std::nullopt;
  EventId id;
  std::size_t nibble = 0;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (i == 8 || i == 13 || i == 18 || i == 23) {
      if (c != '-') return std::nullopt;
      continue;
    }
    int value = -1;
    if (c >= '0' && c <= '9') value = c - '0';
    if (c >= 'a' && c <= 'f') value = c - 'a' + 10;
    if (c >= 'A' && c <= 'F') value = c - 'A' + 10;
    if (value < 0) return std::nullopt;
    auto& byte = id.bytes[nibble / 2];
    byte = static_cast<std::uint8_t>(nibble % 2 == 0 ? value << 4 : byte | value);
    ++nibble;
  }
  return id;
}

EventId event_id_from_bytes(std::string_view sixteen_bytes) {
  EventId id;
  if (sixteen_bytes.size() == id.bytes.size()) {
    std::memcpy(id.bytes.data(), sixteen_bytes.data(), id.bytes.size());
  }
  return id;
}

}  // namespace kcloud::core
