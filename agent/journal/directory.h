// The data directory: its lock, and the head hint beside the database.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

namespace kcloud::journal {

// Holds data_dir/lock for the life of the object. Throws std::runtime_error with a hint when
// another process has it, when the directory cannot be made, or when it lies on a network file
// system (locks and fsync mean less there).
class DirectoryLock {
 public:
  explicit DirectoryLock(const std::string& directory);
  ~DirectoryLock();
  DirectoryLock(const DirectoryLock&) = delete;
  DirectoryLock& operator=(const DirectoryLock&) = delete;

 private:
  int fd_ = -1;
};

// The newest acknowledged position, in a small mapped file that every commit updates without a
// system call. It survives a kill of the process, so that the next start can tell how much a
// damaged database has lost. It is no part of the promise: after a power cut it may be older than
// the database.
struct HeadHint {
  std::string epoch;
  std::uint64_t head = 0;
  std::uint64_t oldest = 0;
};

class HeadHintFile {
 public:
  explicit HeadHintFile(const std::string& directory);  // throws std::runtime_error
  ~HeadHintFile();
  HeadHintFile(const HeadHintFile&) = delete;
  HeadHintFile& operator=(const HeadHintFile&) = delete;

  std::optional<HeadHint> read() const;  // nullopt: new or unreadable
  void start(const HeadHint& hint);
  void update(std::uint64_t head, std::uint64_t oldest);

 private:
  struct Layout;
  Layout* map_ = nullptr;
};

std::string database_path(const std::string& directory);

}  // namespace kcloud::journal
