// What a load generator sends: requests rendered once and patched in place, or a list of paths.
// Pure; one thread.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "bench/body/body.h"

namespace kcloud::bench {

struct Target {
  std::string host = "127.0.0.1";
  std::uint16_t port = 8007;
  std::string token;  // bearer; empty: none
  bool tls = false;   // any certificate is taken
};

// `HOST:PORT`, `http://HOST:PORT` or `https://HOST:PORT`; throws std::invalid_argument.
Target parse_target(const std::string& text);

class Source {
 public:
  virtual ~Source() = default;
  // Makes `request` the next one; it holds the previous one of the same connection, or nothing.
  // False when there are no more.
  virtual bool next(std::string& request) = 0;
  // Events in one request.
  virtual std::size_t events() const = 0;
};

// POST of `batch` events, no two alike: one object, or an array when batch > 1.
class PostSource final : public Source {
 public:
  // `limit`: most requests; 0 means no limit.
  PostSource(const Target& target, const std::string& path, std::size_t batch, std::uint32_t run,
             std::uint64_t limit);
  bool next(std::string& request) override;
  std::size_t events() const override { return batch_; }

 private:
  BodyTemplate body_;
  TimeText time_;
  std::string rendered_;
  std::size_t first_at_ = 0;
  std::size_t batch_;
  std::uint64_t left_;
  std::uint64_t number_ = 0;
};

// What a post goes through before it is sent. Made ahead, so that it costs nothing while measuring.
struct Wrapping {
  bool gzip = false;
  std::string secret;  // whsec_<base64>: signed as Standard Webhooks; empty: not
  bool any() const { return gzip || !secret.empty(); }
};

// The posts of a PostSource, compressed and signed ahead: `limit` of them are kept in memory.
class WrappedSource final : public Source {
 public:
  // Throws std::invalid_argument for a secret that is none.
  WrappedSource(const Target& target, const std::string& path, std::size_t batch, std::uint32_t run,
                std::uint64_t limit, const Wrapping& wrapping);
  bool next(std::string& request) override;
  std::size_t events() const override { return batch_; }

 private:
  std::vector<std::string> requests_;
  std::size_t at_ = 0;
  std::size_t batch_;
};

// GET of each path in turn, again from the first when `repeat`.
class GetSource final : public Source {
 public:
  GetSource(const Target& target, std::vector<std::string> paths, bool repeat);
  bool next(std::string& request) override;
  std::size_t events() const override { return 1; }

 private:
  Target target_;
  std::vector<std::string> paths_;
  std::size_t at_ = 0;
  bool repeat_;
};

}  // namespace kcloud::bench
