// Moves committed pages from the WAL into the database on a thread of its own; the writer steps
// aside for it when the WAL is at its limit ("gate"), so that the WAL stays small and no commit
// carries a checkpoint.
//
// After an error there is no further pass: a second fsync of pages that the first one lost would
// succeed, and SQLite then overwrite the WAL, their only copy. The writer throws it away.
#pragma once

#include <condition_variable>
#include <cstdint>
#include <mutex>
#include <string>
#include <thread>

namespace kcloud::journal {

class Checkpointer {
 public:
  Checkpointer(std::string path, std::string vfs, std::uint64_t wal_bytes);
  ~Checkpointer();
  Checkpointer(const Checkpointer&) = delete;
  Checkpointer& operator=(const Checkpointer&) = delete;

  // After each commit, on the writer's thread: `frames` is the WAL's length in pages. Blocks at the
  // limit until the checkpoint under way is done.
  void committed(int frames);
  std::string last_error() const;  // stays

 private:
  void run(std::stop_token stop);

  const std::string path_;
  const std::string vfs_;
  const int start_frames_;  // a checkpoint starts
  const int gate_frames_;   // the writer waits
  int gated_at_ = 0;        // WAL length after the last wait (readers may keep it from shrinking)

  mutable std::mutex mutex_;
  std::condition_variable_any changed_;
  bool wanted_ = false;
  bool running_ = false;
  std::string last_error_;
  std::jthread thread_;
};

}  // namespace kcloud::journal
