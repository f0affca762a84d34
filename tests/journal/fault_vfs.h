// A SQLite VFS that remembers what is really on disk, and fails on demand.
//
// Everything passes through to the default VFS. Beside it, each file's durable content is kept:
// writes become durable at their file's xSync. A crash image is what a power cut would leave: the
// durable content, and of the writes since the last sync none, or a random half. A failed sync
// forgets its writes for good, as Linux does with pages that it marks clean after an error. Any
// thread may call.
#pragma once

#include <sqlite3.h>

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <random>
#include <string>
#include <vector>

namespace kcloud::journal::test {

class FaultVfs {
 public:
  explicit FaultVfs(std::string name);  // registers; give the name to journal::Options::vfs
  ~FaultVfs();
  FaultVfs(const FaultVfs&) = delete;
  FaultVfs& operator=(const FaultVfs&) = delete;

  enum class Operation : std::uint8_t { kWrite, kSync };
  // Decides about each operation by its number (from 1, writes and syncs counted apart): SQLITE_OK
  // or an error code.
  using Judge = std::function<int(Operation operation, std::uint64_t number)>;
  void set_judge(Judge judge);
  // Called after each operation, with the lock held: a place to take crash images.
  void set_observer(std::function<void(std::uint64_t operations)> observer);

  std::uint64_t writes() const;
  std::uint64_t syncs() const;

  // Writes the crash image of every file into `directory`. `half`: of the writes since the last
  // sync a random half arrives too.
  void write_image(const std::string& directory, bool half, std::mt19937& random) const;
  // The same from within the observer.
  void write_image_locked(const std::string& directory, bool half, std::mt19937& random) const;

  struct Pending {
    std::int64_t offset;
    std::string bytes;  // empty: a truncation to `offset`
  };
  struct Content {
    std::string durable;
    std::vector<Pending> pending;
    std::map<const void*, bool>
        handles;  // open ones; true: the next sync reports an earlier failure
  };

  // For the C callbacks.
  int wrote(const std::string& path, std::int64_t offset, const void* bytes, int size);
  int truncated(const std::string& path, std::int64_t size);
  int synced(const std::string& path, const void* handle, const std::function<int()>& sync);
  void opened(const std::string& path, const void* handle);
  void closed(const std::string& path, const void* handle);
  void deleted(const std::string& path);
  sqlite3_vfs* base() const { return base_; }

 private:
  int judge(Operation operation);
  void observed();

  const std::string name_;
  sqlite3_vfs* base_;
  std::unique_ptr<sqlite3_vfs> vfs_;
  mutable std::mutex mutex_;
  std::map<std::string, Content> files_;
  std::uint64_t writes_ = 0, syncs_ = 0;
  Judge judge_;
  std::function<void(std::uint64_t)> observer_;
};

}  // namespace kcloud::journal::test
