#include "agent/audit/checkpoint.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cstdio>
#include <filesystem>
#include <stdexcept>
#include <utility>

#include "core/base64.h"
#include "core/hex.h"
#include "core/json.h"
#include "core/time.h"

namespace kcloud::audit {
namespace {

constexpr std::size_t kSignatureBytes = 64;

template <auto Free>
struct With {
  template <typename T>
  void operator()(T* object) const {
    Free(object);
  }
};
using Context = std::unique_ptr<EVP_MD_CTX, With<EVP_MD_CTX_free>>;
using File = std::unique_ptr<std::FILE, With<std::fclose>>;

const unsigned char* bytes(std::string_view text) {
  return reinterpret_cast<const unsigned char*>(text.data());
}

std::string id_of(evp_pkey_st* key) {
  std::array<unsigned char, 32> raw{};
  std::size_t size = raw.size();
  if (EVP_PKEY_get_raw_public_key(key, raw.data(), &size) != 1 || size != raw.size())
    throw std::runtime_error("is no Ed25519 key");
  const auto hash = core::sha256({reinterpret_cast<const char*>(raw.data()), raw.size()});
  return core::to_hex(hash).substr(0, 16);
}

File open_file(const std::string& path, int flags, mode_t mode, const char* as) {
  const int descriptor = ::open(path.c_str(), flags | O_CLOEXEC, mode);
  return File(descriptor < 0 ? nullptr : ::fdopen(descriptor, as));
}

// On disk before its name is: a half-written key would end all later starts.
template <typename Write>
void write_file(const std::string& path, mode_t mode, Write write) {
  const std::string partial = path + ".new";
  const File file = open_file(partial, O_WRONLY | O_CREAT | O_TRUNC, mode, "w");
  if (!file || !write(file.get()) || std::fflush(file.get()) != 0 ||
      ::fsync(fileno(file.get())) != 0)
    throw std::runtime_error(fmt::format("cannot write {}. Hint: is the disk full?", partial));
  std::filesystem::rename(partial, path);
}

evp_pkey_st* make_key(const std::string& path) {
  evp_pkey_st* key = EVP_PKEY_Q_keygen(nullptr, nullptr, "ED25519");
  if (key == nullptr) throw std::runtime_error("OpenSSL makes no Ed25519 key");
  write_file(path, 0600, [&](std::FILE* file) {
    return PEM_write_PKCS8PrivateKey(file, key, nullptr, nullptr, 0, nullptr, nullptr) == 1;
  });
  return key;
}

std::string text_at(std::string_view json, const char* key) {
  std::string text = core::json_text_at(json, key);
  if (text.empty()) throw std::runtime_error(fmt::format("{}: missing", key));
  return text;
}

std::uint64_t number_at(std::string_view json, const char* key) {
  const auto number = core::json_number_at(json, key);
  if (!number) throw std::runtime_error(fmt::format("{}: missing, expected a number", key));
  return *number;
}

}  // namespace

SigningKey::SigningKey(evp_pkey_st* key) : key_(key), id_(id_of(key)) {}
SigningKey::~SigningKey() { EVP_PKEY_free(key_); }
SigningKey::SigningKey(SigningKey&& other) noexcept
    : key_(std::exchange(other.key_, nullptr)), id_(std::move(other.id_)) {}

SigningKey SigningKey::open(const std::string& directory) {
  const std::string path = directory + "/audit-key.pem";
  evp_pkey_st* key = nullptr;
  if (std::filesystem::exists(path)) {
    const File file = open_file(path, O_RDONLY, 0, "r");
    key = file ? PEM_read_PrivateKey(file.get(), nullptr, nullptr, nullptr) : nullptr;
    if (key == nullptr)
      throw std::runtime_error(fmt::format(
          "{} cannot be read as a private key. Hint: put it back from a backup; a new key is made "
          "where there is none, checkpoints signed with the old one stay valid",
          path));
  } else {
    key = make_key(path);
  }
  SigningKey opened(key);
  write_file(directory + "/audit-key.pub.pem", 0644,
             [&](std::FILE* file) { return PEM_write_PUBKEY(file, key) == 1; });
  return opened;
}

void SigningKey::sign(Checkpoint& checkpoint) const {
  checkpoint.key_id = id_;
  const std::string text = signed_text(checkpoint);
  checkpoint.signature.resize(kSignatureBytes);
  std::size_t size = kSignatureBytes;
  const Context context(EVP_MD_CTX_new());
  if (EVP_DigestSignInit(context.get(), nullptr, nullptr, nullptr, key_) != 1 ||
      EVP_DigestSign(context.get(), reinterpret_cast<unsigned char*>(checkpoint.signature.data()),
                     &size, bytes(text), text.size()) != 1)
    throw std::runtime_error("OpenSSL cannot sign a checkpoint");
}

PublicKey::PublicKey(const std::string& path) {
  const File file = open_file(path, O_RDONLY, 0, "r");
  key_ = file ? PEM_read_PUBKEY(file.get(), nullptr, nullptr, nullptr) : nullptr;
  if (key_ == nullptr)
    throw std::runtime_error(fmt::format("{} cannot be read as a public key (PEM)", path));
  id_ = id_of(key_);
}
PublicKey::~PublicKey() { EVP_PKEY_free(key_); }

bool PublicKey::verify(const Checkpoint& checkpoint) const {
  const std::string text = signed_text(checkpoint);
  const Context context(EVP_MD_CTX_new());
  return EVP_DigestVerifyInit(context.get(), nullptr, nullptr, nullptr, key_) == 1 &&
         EVP_DigestVerify(context.get(), bytes(checkpoint.signature), checkpoint.signature.size(),
                          bytes(text), text.size()) == 1;
}

std::string signed_text(const Checkpoint& checkpoint) {
  return fmt::format("kcl1-checkpoint\n{}\n{}\n{}\n{}\n{}\n", core::to_string(checkpoint.chain),
                     checkpoint.seq, checkpoint.total_events, core::to_hex(checkpoint.hash),
                     core::format_time(checkpoint.time));
}

std::string to_json(const Checkpoint& checkpoint) {
  std::string out = "{";
  const auto text = [&](std::string_view key, std::string_view value) {
    core::append_key(out, key);
    core::append_json_string(out, value);
  };
  text("chain", core::to_string(checkpoint.chain));
  core::append_key(out, "seq");
  out += std::to_string(checkpoint.seq);
  core::append_key(out, "total_events");
  out += std::to_string(checkpoint.total_events);
  text("hash", core::to_hex(checkpoint.hash));
  text("time", core::format_time(checkpoint.time));
  text("agent", checkpoint.agent);
  text("key_id", checkpoint.key_id);
  text("signature", core::base64_encode(checkpoint.signature));
  out.push_back('}');
  return out;
}

core::ChainHead parse_head(std::string_view json) {
  core::ChainHead head;
  const auto chain = core::parse_event_id(text_at(json, "chain"));
  if (!chain) throw std::runtime_error("chain: expected a UUID");
  head.chain = chain->bytes;
  head.seq = number_at(json, "seq");
  if (!core::parse_hex(text_at(json, "hash"), head.hash))
    throw std::runtime_error("hash: expected 64 hex digits");
  return head;
}

Checkpoint parse_checkpoint(std::string_view json) {
  Checkpoint checkpoint;
  const auto head = parse_head(json);
  checkpoint.chain = head.chain;
  checkpoint.seq = head.seq;
  checkpoint.hash = head.hash;
  checkpoint.total_events = number_at(json, "total_events");
  const auto time = core::parse_time(text_at(json, "time"), core::Zone("UTC"));
  if (!time) throw std::runtime_error("time: expected an RFC 3339 time");
  checkpoint.time = time->time;
  checkpoint.agent = text_at(json, "agent");
  checkpoint.key_id = text_at(json, "key_id");
  const auto signature = core::base64_decode(text_at(json, "signature"));
  if (!signature || signature->size() != kSignatureBytes)
    throw std::runtime_error("signature: expected 64 bytes in base64");
  checkpoint.signature = *signature;
  return checkpoint;
}

}  // namespace kcloud::audit
