// Watches the files of http.tokens[].token_file and http.signatures[].secrets_file and hands out
// the configuration with what they hold now. Reading follows symbolic links anew each time, so that
// a Kubernetes Secret's swap is seen.
//
// A change counts when two looks in a row have found the same, so that a file half written is
// not taken. An unreadable or bad file leaves the last good one in force and is logged once. The
// looking happens on a thread of its own, which exists only where there are files.
#pragma once

#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <functional>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "config/credentials.h"

namespace kcloud::api {

class CredentialFiles {
 public:
  using Changed = std::function<void(const config::HttpConfig&)>;

  struct Report {
    std::size_t files = 0;
    std::uint64_t reloads = 0;
    std::uint64_t failures = 0;       // good files that became bad
    std::vector<std::string> faults;  // of the files that are bad now; no secrets
  };

  // `changed` runs on the watching thread and must not call back.
  explicit CredentialFiles(Changed changed,
                           std::chrono::milliseconds interval = std::chrono::seconds(1));

  // From now on watches the files of `http`; when it returns, `changed` is not called for an
  // earlier configuration any more. `put_in_force` runs in between. Any thread; never waits for a
  // file.
  void watch(const config::HttpConfig& http, const std::function<void()>& put_in_force);

  Report report() const;  // any thread; never waits for a file

 private:
  // One file, and where what it holds belongs in `http_`.
  struct File {
    std::string what;  // `http.tokens, grafana: token_file /run/…`
    bool signer;
    std::size_t index;
    config::Credentials seen{};  // at the last look
    std::string fault{};         // of the file as it was judged last
  };

  void run(const std::stop_token& stop);
  void look();
  bool judge(File& file, const config::Credentials& found);

  const Changed changed_;
  const std::chrono::milliseconds interval_;
  mutable std::mutex mutex_;  // guards what follows; not held while a file is read
  std::condition_variable_any wake_;
  config::HttpConfig http_;
  std::vector<File> files_;
  std::uint64_t generation_ = 0;
  std::uint64_t reloads_ = 0;
  std::uint64_t failures_ = 0;
  std::jthread thread_;  // last: ends first
};

}  // namespace kcloud::api
