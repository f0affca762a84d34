// `kcloud-logger import`: events from JSON Lines into the journal of a stopped agent or, by HTTP,
// into a running one. Blocks until everything is stored or Ctrl-C; the return value is the
// process's exit code.
#pragma once

#include <cstdint>
#include <memory>
#include <stdexcept>
#include <stop_token>
#include <string>
#include <vector>

#include "agent/cli/address.h"
#include "agent/cli/record_reader.h"

namespace kcloud::cli {

struct ImportOptions {
  std::string file;  // `-`: standard input
  Address agent;
  std::string data_dir;     // not empty: into this journal, not to `agent`
  std::string config_file;  // with data_dir; empty: built-in defaults, and nothing is removed
  std::string type;         // of events that name none
  bool restart = false;     // forget how far an earlier run came
};

// A record that was not stored.
struct Rejection {
  std::uint64_t line = 0;
  std::string reason;
};

struct Tally {
  std::uint64_t stored = 0;
  std::uint64_t duplicates = 0;
  std::uint64_t conflicts = 0;
  std::uint64_t rejected = 0;
  std::vector<Rejection> first;  // of the conflicts and rejections

  std::uint64_t total() const { return stored + duplicates + conflicts + rejected; }
  void reject(std::uint64_t line, std::string reason);  // keeps the first few
};

// Cannot go on; the message says what to do.
class ImportFailed : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

// Where events go. One thread; calls block.
class ImportTarget {
 public:
  virtual ~ImportTarget() = default;
  virtual std::string journal() = 0;  // epoch of the journal behind it
  virtual RecordLimits limits() const = 0;
  virtual std::string load() = 0;  // the state kept for the file; empty: none
  // Stores the records; `state` is kept when they are, empty: none is.
  virtual void take(Chunk chunk, const std::string& state) = 0;
  virtual void drain() = 0;  // returns when everything taken is stored. Both throw ImportFailed
  virtual Tally tally() = 0;
};

// `path`: the file's absolute name, empty when nothing is kept for it.
std::unique_ptr<ImportTarget> journal_target(const ImportOptions& options, const std::string& path);
std::unique_ptr<ImportTarget> http_target(const ImportOptions& options, const std::string& path,
                                          std::stop_token stop);

// 0: everything was stored or had been; 1: some was rejected; 2: failed or interrupted; 78: the
// configuration is bad.
int import_events(const ImportOptions& options);

}  // namespace kcloud::cli
