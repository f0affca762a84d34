// What a test borrows from the machine, and waiting without guessing.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <string>

namespace kcloud::test_support {

// A fresh directory under the system's temporary one, removed with everything in it.
class TemporaryDirectory {
 public:
  TemporaryDirectory();
  ~TemporaryDirectory();
  TemporaryDirectory(const TemporaryDirectory&) = delete;
  TemporaryDirectory& operator=(const TemporaryDirectory&) = delete;

  const std::string& path() const { return path_; }

 private:
  std::string path_;
};

// A TCP port on loopback that was free a moment ago.
std::uint16_t free_port();

// Asks `done` every few milliseconds until it is true; false when `limit` passed first.
bool eventually(const std::function<bool()>& done,
                std::chrono::milliseconds limit = std::chrono::seconds(20));

// True when the full counts are wanted (`make soak` sets KCLOUD_SOAK=1).
bool soak();

}  // namespace kcloud::test_support
