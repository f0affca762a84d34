// HMAC-SHA256 (RFC 2104): what webhooks are signed with, in either direction. Any thread.
#pragma once

#include <array>
#include <cstdint>
#include <initializer_list>
#include <memory>
#include <string_view>

struct evp_mac_ctx_st;

namespace kcloud::core {

// A key, prepared once for any number of bodies.
class HmacKey {
 public:
  using Digest = std::array<unsigned char, 32>;

  explicit HmacKey(std::string_view key);  // throws std::runtime_error when OpenSSL cannot
  // Over the parts as if they were one text.
  Digest sign(std::initializer_list<std::string_view> parts) const;

 private:
  struct Free {
    void operator()(evp_mac_ctx_st* context) const;
  };
  using Context = std::unique_ptr<evp_mac_ctx_st, Free>;
  Context context_;
};

inline std::string_view view(const HmacKey::Digest& digest) {
  return {reinterpret_cast<const char*>(digest.data()), digest.size()};
}

}  // namespace kcloud::core
