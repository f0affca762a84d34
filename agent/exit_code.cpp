#include "agent/exit_code.h"

#include <fmt/format.h>

#include <cstdio>
#include <exception>

#include "agent/startup.h"

namespace kcloud::agent {

int guarded(const std::function<int()>& command) {
  try {
    return command();
  } catch (const BadConfiguration& problems) {
    fmt::print(stderr, "{}\n", problems.what());
    return kExitBadConfiguration;
  } catch (const std::exception& error) {
    fmt::print(stderr, "error: {}\n", error.what());
    return kExitFailed;
  }
}

}  // namespace kcloud::agent
