// A signed statement of where a chain stands, to be kept outside of the databases: one line of
// JSON. The format is docs/audit.md. Signatures are Ed25519 (RFC 8032).
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "core/chain_check.h"
#include "core/seal.h"

struct evp_pkey_st;

namespace kcloud::audit {

struct Checkpoint {
  core::ChainId chain{};
  std::uint64_t seq = 0;
  std::uint64_t total_events = 0;
  core::Sha256 hash{};
  core::Time time;
  std::string agent;
  std::string key_id;     // first 16 hex digits of SHA-256 of the public key's 32 bytes
  std::string signature;  // 64 bytes
};

// The key of a data directory: `audit-key.pem` (PKCS #8, mode 0600) and `audit-key.pub.pem` beside
// it for those who verify.
class SigningKey {
 public:
  // Reads it, or makes it where there is none. Throws std::runtime_error with a hint.
  static SigningKey open(const std::string& directory);
  ~SigningKey();
  SigningKey(SigningKey&&) noexcept;
  SigningKey& operator=(SigningKey&&) = delete;

  const std::string& id() const { return id_; }
  void sign(Checkpoint& checkpoint) const;  // sets key_id and signature

 private:
  explicit SigningKey(evp_pkey_st* key);
  evp_pkey_st* key_;
  std::string id_;
};

// A public key from a PEM file. Throws std::runtime_error.
class PublicKey {
 public:
  explicit PublicKey(const std::string& file);
  ~PublicKey();
  PublicKey(const PublicKey&) = delete;
  PublicKey& operator=(const PublicKey&) = delete;
  const std::string& id() const { return id_; }
  bool verify(const Checkpoint& checkpoint) const;

 private:
  evp_pkey_st* key_;
  std::string id_;
};

// What is signed: `kcl1-checkpoint`, chain, seq, total_events, hash and time, a line each.
std::string signed_text(const Checkpoint& checkpoint);
std::string to_json(const Checkpoint& checkpoint);  // without a newline
// Throws std::runtime_error that says what is missing or malformed.
Checkpoint parse_checkpoint(std::string_view json);
// The same of a line that need not be signed: a checkpoint, or a seal that a sink kept. Other
// members are passed over.
core::ChainHead parse_head(std::string_view json);

}  // namespace kcloud::audit
