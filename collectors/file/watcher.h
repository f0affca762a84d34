// inotify on folders. One thread; never blocks.
#pragma once

#include <functional>
#include <string>
#include <unordered_map>

#include "collectors/file/descriptor.h"

namespace kcloud::file {

class Watcher {
 public:
  // Without inotify (`use` is false, or there is none left for this user) it stays silent.
  explicit Watcher(bool use);

  // Once is enough; again after the folder was replaced. False with `errno` when it cannot.
  bool watch(const std::string& folder);

  struct Changes {
    bool names = false;     // a file or folder came, went or was renamed
    bool overflow = false;  // some were missed
  };
  // `modified` is called with the path of each file that was written to.
  Changes drain(const std::function<void(const std::string& path)>& modified);

  // Readable when drain() has something; -1 without inotify.
  int descriptor() const { return inotify_.get(); }
  bool active() const { return static_cast<bool>(inotify_); }

 private:
  Descriptor inotify_;
  std::unordered_map<int, std::string> folders_;  // by watch
  std::unordered_map<std::string, int> watches_;
};

}  // namespace kcloud::file
