#include "collectors/file/watcher.h"

#include <sys/inotify.h>

#include <cstddef>
#include <memory>

namespace kcloud::file {

namespace {
constexpr std::size_t kBuffer = 64 << 10;
constexpr std::uint32_t kNames =
    IN_CREATE | IN_DELETE | IN_MOVED_FROM | IN_MOVED_TO | IN_DELETE_SELF | IN_MOVE_SELF;
}  // namespace

Watcher::Watcher(bool use) {
  if (use) inotify_ = Descriptor(::inotify_init1(IN_NONBLOCK | IN_CLOEXEC));
}

bool Watcher::watch(const std::string& folder) {
  if (!active() || watches_.contains(folder)) return true;
  const int watch =
      ::inotify_add_watch(inotify_.get(), folder.c_str(), IN_MODIFY | kNames | IN_ONLYDIR);
  if (watch < 0) return false;
  folders_[watch] = folder;
  watches_[folder] = watch;
  return true;
}

Watcher::Changes Watcher::drain(const std::function<void(const std::string& path)>& modified) {
  Changes changes;
  if (!active()) return changes;
  alignas(inotify_event) char buffer[kBuffer];
  std::string path;
  while (true) {
    const auto got = ::read(inotify_.get(), buffer, sizeof buffer);
    if (got <= 0) return changes;
    for (const char* at = buffer; at < buffer + got;) {
      const auto* event = reinterpret_cast<const inotify_event*>(at);
      at += sizeof(inotify_event) + event->len;
      if ((event->mask & IN_Q_OVERFLOW) != 0) changes.overflow = true;
      if ((event->mask & kNames) != 0) changes.names = true;
      const auto folder = folders_.find(event->wd);
      if (folder == folders_.end()) continue;
      if ((event->mask & (IN_IGNORED | IN_MOVE_SELF)) != 0) {
        // The path is another folder's from now on, or nobody's.
        if ((event->mask & IN_MOVE_SELF) != 0) ::inotify_rm_watch(inotify_.get(), event->wd);
        watches_.erase(folder->second);
        folders_.erase(folder);
        changes.names = true;
      } else if ((event->mask & IN_MODIFY) != 0 && event->len > 0) {
        path.assign(folder->second).append("/").append(event->name);
        modified(path);
      }
    }
  }
}

}  // namespace kcloud::file
