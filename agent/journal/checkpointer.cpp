#include "agent/journal/checkpointer.h"

#include <chrono>
#include <optional>
#include <utility>

#include "agent/journal/schema.h"
#include "agent/journal/sqlite.h"

namespace kcloud::journal {

Checkpointer::Checkpointer(std::string path, std::string vfs, std::uint64_t wal_bytes)
    : path_(std::move(path)),
      vfs_(std::move(vfs)),
      start_frames_(static_cast<int>(wal_bytes / kPageSize / 2)),
      gate_frames_(static_cast<int>(wal_bytes / kPageSize)),
      thread_([this](std::stop_token stop) { run(stop); }) {}

Checkpointer::~Checkpointer() {
  thread_.request_stop();
  changed_.notify_all();
}

void Checkpointer::committed(int frames) {
  if (frames < start_frames_) {
    gated_at_ = 0;
    return;
  }
  std::unique_lock lock(mutex_);
  if (!last_error_.empty()) return;
  if (!running_ && !wanted_) {
    wanted_ = true;
    changed_.notify_all();
  }
  if (frames < gate_frames_ + gated_at_) return;
  changed_.wait(lock, [&] { return !wanted_ && !running_; });
  if (!last_error_.empty()) return;
  // One more pass with the writer at rest copies the rest, so that the next commit starts the WAL
  // afresh.
  wanted_ = true;
  changed_.notify_all();
  changed_.wait(lock, [&] { return !wanted_ && !running_; });
  gated_at_ = frames;
}

std::string Checkpointer::last_error() const {
  std::lock_guard lock(mutex_);
  return last_error_;
}

void Checkpointer::run(std::stop_token stop) {
  std::optional<Database> db;
  while (true) {
    {
      std::unique_lock lock(mutex_);
      changed_.wait(lock, stop, [&] { return wanted_; });
      if (stop.stop_requested()) {
        wanted_ = false;
        changed_.notify_all();
        return;
      }
      wanted_ = false;
      running_ = true;
    }
    std::string error;
    try {
      if (!db) {
        db.emplace(path_, Database::Mode::kReadWrite, vfs_);
        db->execute("PRAGMA synchronous=FULL");
      }
      const int code = sqlite3_wal_checkpoint_v2(db->handle(), nullptr, SQLITE_CHECKPOINT_PASSIVE,
                                                 nullptr, nullptr);
      if (code != SQLITE_OK && code != SQLITE_BUSY) {
        error = sqlite3_errmsg(db->handle());
        db.reset();
      }
    } catch (const SqliteError& failure) {
      error = failure.what();
    }
    std::lock_guard lock(mutex_);
    running_ = false;
    last_error_ = error;
    changed_.notify_all();
    if (!error.empty()) return;
  }
}

}  // namespace kcloud::journal
