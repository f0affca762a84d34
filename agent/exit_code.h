// Exit codes of the commands, and turning what a command throws into one.
#pragma once

#include <functional>

namespace kcloud::agent {

constexpr int kExitFailed = 2;
constexpr int kExitBadConfiguration = 78;  // EX_CONFIG of sysexits.h

// What `command` returns. When it throws, the reason goes to standard error: a BadConfiguration as
// it is, anything else behind `error: `.
int guarded(const std::function<int()>& command);

}  // namespace kcloud::agent
