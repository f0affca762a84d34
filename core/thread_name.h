// What a thread is called in `top -H`, `perf` and `/proc/PID/task/*/comm`.
#pragma once

#include <pthread.h>

#include <string>

namespace kcloud::core {

// Of the calling thread; Linux keeps 15 bytes of it.
inline void name_thread(const std::string& name) {
  pthread_setname_np(pthread_self(), name.substr(0, 15).c_str());
}

}  // namespace kcloud::core
