// What the journal and its readers share: the open read connections, and whether a reader met
// damage.
#pragma once

#include <atomic>
#include <memory>
#include <mutex>
#include <set>
#include <string>

namespace kcloud::journal {

class Reader;

// Something with a connection that the journal can close from its own thread.
class Connected {
 public:
  virtual ~Connected() = default;
  virtual void disconnect() = 0;  // waits for a call under way; the next call connects again
};

// After a failed fsync or damage no connection may stay open: SQLite keeps its account of what a
// checkpoint has copied in memory shared by all connections of the file, and only the first to open
// starts it afresh.
class Generation {
 public:
  void add(Connected& reader) {
    std::lock_guard guard(mutex_);
    readers_.insert(&reader);
  }
  void remove(Connected& reader) {
    std::lock_guard guard(mutex_);
    readers_.erase(&reader);
  }
  void disconnect_all() {
    std::lock_guard guard(mutex_);
    for (auto* reader : readers_) reader->disconnect();
  }

  std::atomic<bool> damage_reported{false};  // set by a reader; the writer salvages

 private:
  std::mutex mutex_;
  std::set<Connected*> readers_;
};

std::unique_ptr<Reader> make_reader(const std::string& directory, const std::string& vfs,
                                    std::shared_ptr<Generation> generation);

}  // namespace kcloud::journal
