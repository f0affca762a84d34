// SHA-256 (FIPS 180-4) with a reusable context: the hot path hashes every body once.
#pragma once

#include <memory>
#include <string_view>

#include "core/event_id.h"

struct evp_md_ctx_st;
struct evp_md_st;

namespace kcloud::core {

// One instance a thread. Throws std::runtime_error only when OpenSSL has no SHA-256.
class Sha256Hasher {
 public:
  Sha256Hasher();
  ~Sha256Hasher();
  Sha256Hasher(Sha256Hasher&& other) noexcept;
  Sha256Hasher& operator=(Sha256Hasher&&) = delete;

  Sha256 hash(std::string_view data) { return hash({}, data); }
  Sha256 hash(std::string_view first, std::string_view second);
  // Of what comes in pieces: begin, update as often as wanted, finish.
  void begin();
  void update(std::string_view piece);
  Sha256 finish();

 private:
  evp_md_ctx_st* context_;
  evp_md_st* digest_;
};

}  // namespace kcloud::core
