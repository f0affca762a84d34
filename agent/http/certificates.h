// Keeps a listener's TLS files in force: looks at them on a thread of its own, takes a new pair for
// new connections once it is whole, and keeps the last good one meanwhile.
//
// Symbolic links are followed, so a Kubernetes Secret that is swapped counts as changed.
#pragma once

#include <array>
#include <condition_variable>
#include <mutex>
#include <string>
#include <thread>

#include "agent/http/tls_files.h"

namespace kcloud::http {

// Of the certificate in force.
struct TlsStatus {
  std::chrono::system_clock::time_point not_after;
  std::string error;  // why the files as they are now are not in force; empty: they are
};

class Certificates {
 public:
  // Loads; throws std::runtime_error when the files are not usable. An expired certificate is
  // taken, as there is no better one.
  explicit Certificates(TlsOptions options);
  ~Certificates();

  // Any thread.
  TlsContext current() const;
  TlsStatus status() const;
  void look_now();  // reads the files again soon, also when they did not change

 private:
  using Stamps = std::array<std::string, 3>;
  Stamps stamps() const;
  void watch(const std::stop_token& stop);
  void load(Stamps found);

  const TlsOptions options_;
  Stamps loaded_;  // of the files as they were tried last
  mutable std::mutex mutex_;
  std::condition_variable_any wake_;
  TlsContext context_;    // guarded by mutex_
  TlsStatus status_;      // guarded by mutex_
  bool asked_ = false;    // guarded by mutex_
  std::jthread watcher_;  // the last member: it uses the others
};

}  // namespace kcloud::http
