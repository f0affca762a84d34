// The database of all agents as what answers GET /events, /analytics and /reports
// (docs/fleet.md, `query.backend: postgres`).
//
// Whatever goes wrong there is thrown as std::runtime_error with a sentence for the client: an
// answer is whole or there is none.
#pragma once

#include <atomic>
#include <memory>
#include <mutex>
#include <string>

#include "agent/journal/reader.h"
#include "config/config.h"
#include "exporters/postgres/config.h"

namespace kcloud::postgres {
struct Error;
}

namespace kcloud::fleet {

// What of the section cannot be used goes to `problems`.
void check(const config::QueryConfig& config, const std::string& file, config::Problems& problems);

class Fleet {
 public:
  // Makes no network call.
  explicit Fleet(const config::QueryConfig& config);
  ~Fleet();
  Fleet(const Fleet&) = delete;
  Fleet& operator=(const Fleet&) = delete;

  // For one thread: a connection of its own, made when it is needed. The fleet outlives it.
  std::unique_ptr<journal::EventReader> reader();
  const postgres::Config& config() const { return config_; }
  // Readable once all is to end: for connections that others make.
  int stop_fd() const { return stop_fd_; }
  // Ends what runs and all that is asked later. Any thread.
  void interrupt();

  struct Status {
    bool asked = false;      // anything, ever
    std::string last_error;  // empty: the database answered last
  };
  Status status() const;  // any thread

 private:
  class Reader;
  void note(const std::string& error);
  std::string sentence(const postgres::Error& error) const;

  postgres::Config config_;
  int stop_fd_;
  std::atomic<bool> stopping_ = false;
  mutable std::mutex mutex_;
  Status status_;  // guarded
};

}  // namespace kcloud::fleet
