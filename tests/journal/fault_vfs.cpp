#include "tests/journal/fault_vfs.h"

#include <cstring>
#include <filesystem>
#include <fstream>
#include <new>
#include <utility>

namespace kcloud::journal::test {

namespace {

// A file of ours: the base VFS's file lies behind it in the same allocation.
struct FaultFile {
  sqlite3_file base;
  FaultVfs* vfs;
  std::string* path;
  sqlite3_file* real() { return reinterpret_cast<sqlite3_file*>(this + 1); }
};

FaultFile& file_of(sqlite3_file* file) { return *reinterpret_cast<FaultFile*>(file); }
sqlite3_file* real_of(sqlite3_file* file) { return file_of(file).real(); }
FaultVfs& vfs_of(sqlite3_vfs* vfs) { return *static_cast<FaultVfs*>(vfs->pAppData); }

int close_file(sqlite3_file* file) {
  file_of(file).vfs->closed(*file_of(file).path, file);
  const int code = real_of(file)->pMethods->xClose(real_of(file));
  delete file_of(file).path;
  return code;
}

int write_file(sqlite3_file* file, const void* bytes, int size, sqlite3_int64 offset) {
  if (const int code = file_of(file).vfs->wrote(*file_of(file).path, offset, bytes, size))
    return code;
  return real_of(file)->pMethods->xWrite(real_of(file), bytes, size, offset);
}

int truncate_file(sqlite3_file* file, sqlite3_int64 size) {
  if (const int code = file_of(file).vfs->truncated(*file_of(file).path, size)) return code;
  return real_of(file)->pMethods->xTruncate(real_of(file), size);
}

int sync_file(sqlite3_file* file, int flags) {
  return file_of(file).vfs->synced(*file_of(file).path, file, [&] {
    return real_of(file)->pMethods->xSync(real_of(file), flags);
  });
}

const sqlite3_io_methods& methods() {
  static const sqlite3_io_methods table = [] {
    sqlite3_io_methods m{};
    m.iVersion = 2;
    m.xClose = close_file;
    m.xRead = [](sqlite3_file* f, void* b, int n, sqlite3_int64 o) {
      return real_of(f)->pMethods->xRead(real_of(f), b, n, o);
    };
    m.xWrite = write_file;
    m.xTruncate = truncate_file;
    m.xSync = sync_file;
    m.xFileSize = [](sqlite3_file* f, sqlite3_int64* s) {
      return real_of(f)->pMethods->xFileSize(real_of(f), s);
    };
    m.xLock = [](sqlite3_file* f, int l) { return real_of(f)->pMethods->xLock(real_of(f), l); };
    m.xUnlock = [](sqlite3_file* f, int l) { return real_of(f)->pMethods->xUnlock(real_of(f), l); };
    m.xCheckReservedLock = [](sqlite3_file* f, int* r) {
      return real_of(f)->pMethods->xCheckReservedLock(real_of(f), r);
    };
    m.xFileControl = [](sqlite3_file* f, int op, void* arg) {
      return real_of(f)->pMethods->xFileControl(real_of(f), op, arg);
    };
    m.xSectorSize = [](sqlite3_file* f) { return real_of(f)->pMethods->xSectorSize(real_of(f)); };
    m.xDeviceCharacteristics = [](sqlite3_file* f) {
      return real_of(f)->pMethods->xDeviceCharacteristics(real_of(f));
    };
    m.xShmMap = [](sqlite3_file* f, int p, int s, int e, void volatile** out) {
      return real_of(f)->pMethods->xShmMap(real_of(f), p, s, e, out);
    };
    m.xShmLock = [](sqlite3_file* f, int o, int n, int flags) {
      return real_of(f)->pMethods->xShmLock(real_of(f), o, n, flags);
    };
    m.xShmBarrier = [](sqlite3_file* f) { real_of(f)->pMethods->xShmBarrier(real_of(f)); };
    m.xShmUnmap = [](sqlite3_file* f, int d) {
      return real_of(f)->pMethods->xShmUnmap(real_of(f), d);
    };
    return m;
  }();
  return table;
}

int open_file(sqlite3_vfs* vfs, const char* path, sqlite3_file* file, int flags, int* out_flags) {
  FaultFile& opened = file_of(file);
  opened.base.pMethods = nullptr;
  sqlite3_vfs* base = vfs_of(vfs).base();
  const int code = base->xOpen(base, path, opened.real(), flags, out_flags);
  if (code != SQLITE_OK) return code;
  opened.vfs = &vfs_of(vfs);
  opened.path = new std::string(path != nullptr ? path : "");
  opened.base.pMethods = &methods();
  opened.vfs->opened(*opened.path, file);
  return SQLITE_OK;
}

int delete_file(sqlite3_vfs* vfs, const char* path, int sync) {
  vfs_of(vfs).deleted(path);
  return vfs_of(vfs).base()->xDelete(vfs_of(vfs).base(), path, sync);
}

void apply(std::string& content, const FaultVfs::Pending& write) {
  if (write.bytes.empty()) {
    content.resize(static_cast<std::size_t>(write.offset));
    return;
  }
  const auto end = static_cast<std::size_t>(write.offset) + write.bytes.size();
  if (content.size() < end) content.resize(end);
  std::memcpy(content.data() + write.offset, write.bytes.data(), write.bytes.size());
}

}  // namespace

FaultVfs::FaultVfs(std::string name)
    : name_(std::move(name)),
      base_(sqlite3_vfs_find(nullptr)),
      vfs_(std::make_unique<sqlite3_vfs>(*base_)) {
  vfs_->zName = name_.c_str();
  vfs_->pAppData = this;
  vfs_->szOsFile = static_cast<int>(sizeof(FaultFile)) + base_->szOsFile;
  vfs_->xOpen = open_file;
  vfs_->xDelete = delete_file;
  vfs_->xAccess = [](sqlite3_vfs* v, const char* p, int f, int* r) {
    return vfs_of(v).base()->xAccess(vfs_of(v).base(), p, f, r);
  };
  vfs_->xFullPathname = [](sqlite3_vfs* v, const char* p, int n, char* out) {
    return vfs_of(v).base()->xFullPathname(vfs_of(v).base(), p, n, out);
  };
  sqlite3_vfs_register(vfs_.get(), 0);
}

FaultVfs::~FaultVfs() { sqlite3_vfs_unregister(vfs_.get()); }

void FaultVfs::set_judge(Judge judge) {
  std::lock_guard guard(mutex_);
  judge_ = std::move(judge);
}

void FaultVfs::set_observer(std::function<void(std::uint64_t)> observer) {
  std::lock_guard guard(mutex_);
  observer_ = std::move(observer);
}

std::uint64_t FaultVfs::writes() const {
  std::lock_guard guard(mutex_);
  return writes_;
}

std::uint64_t FaultVfs::syncs() const {
  std::lock_guard guard(mutex_);
  return syncs_;
}

int FaultVfs::judge(Operation operation) {
  const std::uint64_t number = operation == Operation::kWrite ? ++writes_ : ++syncs_;
  return judge_ ? judge_(operation, number) : SQLITE_OK;
}

void FaultVfs::observed() {
  if (observer_) observer_(writes_ + syncs_);
}

int FaultVfs::wrote(const std::string& path, std::int64_t offset, const void* bytes, int size) {
  std::lock_guard guard(mutex_);
  const int code = judge(Operation::kWrite);
  if (code == SQLITE_OK) {
    files_[path].pending.push_back(
        {offset, std::string(static_cast<const char*>(bytes), static_cast<std::size_t>(size))});
  }
  observed();
  return code;
}

int FaultVfs::truncated(const std::string& path, std::int64_t size) {
  std::lock_guard guard(mutex_);
  const int code = judge(Operation::kWrite);
  if (code == SQLITE_OK) files_[path].pending.push_back({size, {}});
  observed();
  return code;
}

void FaultVfs::opened(const std::string& path, const void* handle) {
  std::lock_guard guard(mutex_);
  files_[path].handles[handle] = false;
}

void FaultVfs::closed(const std::string& path, const void* handle) {
  std::lock_guard guard(mutex_);
  if (const auto found = files_.find(path); found != files_.end())
    found->second.handles.erase(handle);
}

int FaultVfs::synced(const std::string& path, const void* handle,
                     const std::function<int()>& sync) {
  std::lock_guard guard(mutex_);
  int code = judge(Operation::kSync);
  if (code == SQLITE_OK) code = sync();
  Content& content = files_[path];
  if (code != SQLITE_OK) {
    for (auto& [other, failed] : content.handles) failed = other != handle;
  } else {
    for (const auto& write : content.pending) apply(content.durable, write);
  }
  content.pending.clear();
  if (code == SQLITE_OK && std::exchange(content.handles[handle], false)) code = SQLITE_IOERR_FSYNC;
  observed();
  return code;
}

void FaultVfs::deleted(const std::string& path) {
  std::lock_guard guard(mutex_);
  files_.erase(path);
}

void FaultVfs::write_image(const std::string& directory, bool half, std::mt19937& random) const {
  std::lock_guard guard(mutex_);
  write_image_locked(directory, half, random);
}

void FaultVfs::write_image_locked(const std::string& directory, bool half,
                                  std::mt19937& random) const {
  for (const auto& [path, content] : files_) {
    std::string image = content.durable;
    for (const auto& write : content.pending) {
      if (half && random() % 2 == 0) apply(image, write);
    }
    const auto name = std::filesystem::path(path).filename();
    std::ofstream(std::filesystem::path(directory) / name, std::ios::binary)
        .write(image.data(), static_cast<std::streamsize>(image.size()));
  }
}

}  // namespace kcloud::journal::test
