#include "agent/journal/directory.h"

#include <fcntl.h>
#include <linux/magic.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <stdexcept>

#include "agent/journal/journal.h"

namespace kcloud::journal {

namespace {

constexpr std::array<char, 8> kMagic{'k', 'c', 'l', 'h', 'e', 'a', 'd', '1'};
constexpr long kCifsMagic = 0xFF534D42;
constexpr long kSmb2Magic = 0xFE534D42;

[[noreturn]] void fail(const std::string& what) {
  throw std::runtime_error(what + ": " + std::strerror(errno));
}

void refuse_network_file_system(const std::string& directory) {
  struct statfs info {};
  if (statfs(directory.c_str(), &info) != 0) fail("cannot examine " + directory);
  const auto type = static_cast<long>(info.f_type);
  if (type == NFS_SUPER_MAGIC || type == kCifsMagic || type == kSmb2Magic ||
      type == SMB_SUPER_MAGIC || type == AFS_SUPER_MAGIC || type == CODA_SUPER_MAGIC) {
    throw std::runtime_error("data directory " + directory +
                             " is on a network file system, where fsync and locks cannot be relied "
                             "on. Hint: set agent.data_dir to a local disk");
  }
}

}  // namespace

std::string database_path(const std::string& directory) { return directory + "/journal.db"; }

DirectoryLock::DirectoryLock(const std::string& directory) {
  std::error_code error;
  std::filesystem::create_directories(directory, error);
  if (error) {
    throw std::runtime_error("cannot make data directory " + directory + ": " + error.message() +
                             ". Hint: set agent.data_dir or --data-dir to a writable place");
  }
  refuse_network_file_system(directory);
  const std::string path = directory + "/lock";
  fd_ = open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
  if (fd_ < 0) fail("cannot open " + path);
  if (flock(fd_, LOCK_EX | LOCK_NB) == 0) return;
  const int code = errno;
  close(fd_);
  errno = code;
  if (code == EWOULDBLOCK) {
    throw DirectoryInUse("data directory " + directory +
                         " is in use by another kcloud-logger. Hint: give each agent its own "
                         "--data-dir");
  }
  fail("cannot lock " + path);
}

DirectoryLock::~DirectoryLock() { close(fd_); }

struct HeadHintFile::Layout {
  std::array<char, 8> magic;
  std::array<char, 8> epoch;
  std::atomic<std::uint64_t> head;
  std::atomic<std::uint64_t> oldest;
};

HeadHintFile::HeadHintFile(const std::string& directory) {
  const std::string path = directory + "/journal.head";
  const int fd = open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
  if (fd < 0) fail("cannot open " + path);
  // Real blocks, not a hole: a store into a hole on a full disk would be a SIGBUS.
  const int code = posix_fallocate(fd, 0, sizeof(Layout));
  void* map = code != 0 ? MAP_FAILED
                        : mmap(nullptr, sizeof(Layout), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
  close(fd);
  if (map == MAP_FAILED) {
    if (code != 0) errno = code;
    fail("cannot map " + path);
  }
  map_ = static_cast<Layout*>(map);
}

HeadHintFile::~HeadHintFile() { munmap(map_, sizeof(Layout)); }

std::optional<HeadHint> HeadHintFile::read() const {
  if (map_->magic != kMagic) return std::nullopt;
  return HeadHint{std::string(map_->epoch.data(), map_->epoch.size()), map_->head.load(),
                  map_->oldest.load()};
}

void HeadHintFile::start(const HeadHint& hint) {
  map_->magic = kMagic;
  map_->epoch.fill('0');
  std::memcpy(map_->epoch.data(), hint.epoch.data(),
              std::min(hint.epoch.size(), map_->epoch.size()));
  update(hint.head, hint.oldest);
}

void HeadHintFile::update(std::uint64_t head, std::uint64_t oldest) {
  map_->head.store(head, std::memory_order_relaxed);
  map_->oldest.store(oldest, std::memory_order_relaxed);
}

}  // namespace kcloud::journal
