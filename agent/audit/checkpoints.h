// Signs where the chain stands, from time to time and at the end, and appends it to a file and the
// log; posts it where an auditor keeps it.
#pragma once

#include <chrono>
#include <string>
#include <thread>

#include "agent/audit/checkpoint.h"
#include "agent/journal/journal.h"

namespace kcloud::audit {

struct CheckpointOptions {
  std::string directory;  // of the key: the data directory
  std::string file;       // appended to; one checkpoint a line
  std::chrono::milliseconds interval{std::chrono::minutes(10)};
  std::string agent;
  std::string webhook;        // URL; empty: none
  std::string webhook_token;  // empty: none
};

class Checkpoints {
 public:
  // Throws std::runtime_error when the key cannot be read or made.
  Checkpoints(CheckpointOptions options, journal::Journal& journal, const core::Clock& clock);
  ~Checkpoints();  // with a last one

 private:
  void run(const std::stop_token& stop);
  void try_make(const std::stop_token& stop);
  void make(const std::stop_token& stop);
  // One that fails is posted no more: the next one says all that it said.
  void post(const std::string& line, const std::stop_token& stop);

  const CheckpointOptions options_;
  journal::Journal& journal_;
  const core::Clock& clock_;
  const SigningKey key_;
  std::uint64_t signed_ = 0;  // batch of the last checkpoint
  std::jthread thread_;       // last: joined before the rest goes
};

}  // namespace kcloud::audit
