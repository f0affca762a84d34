#include "agent/cli/rollups.h"

#include <fmt/format.h>
#include <unistd.h>

#include <cstdio>

#include "agent/cli/interrupt.h"
#include "agent/cli/line.h"
#include "agent/cli/progress.h"
#include "agent/cli/terminal.h"
#include "agent/exit_code.h"
#include "core/json.h"

namespace kcloud::cli {
namespace {

using Clock = std::chrono::steady_clock;

constexpr std::chrono::seconds kTimeout{15};
constexpr std::chrono::milliseconds kInterval{300};

std::string url_of(const RollupsOptions& options) {
  return base_url(options.agent) + "/analytics/rollups";
}

http_client::Request request(const RollupsOptions& options, const std::string& query = {}) {
  return {url_of(options) + query, headers_of(options.agent), {}, {}, {}};
}

std::uint64_t rebuild_number(const std::string& answer, const char* key) {
  return core::json_number_at(answer, std::string("rebuild.") + key).value_or(0);
}

void show(const std::string& answer, Clock::time_point begin) {
  Progress progress;
  progress.accepted = rebuild_number(answer, "hours_done");
  progress.goal = rebuild_number(answer, "hours");
  progress.elapsed = Clock::now() - begin;
  const auto width = terminal_size().width;
  fmt::print(stderr, "\r\x1b[K{}", progress_line(progress, width));
}

int summary(const std::string& answer) {
  const auto refused = core::json_items(core::json_text_at(answer, "rebuild.refused"));
  fmt::print("{} hours made anew\n", rebuild_number(answer, "hours") - refused.size());
  if (refused.empty()) return 0;
  fmt::print("{} left as they are, their events are not all kept any more:\n", refused.size());
  for (const auto& hour : refused) fmt::print("  {}\n", hour);
  return 1;
}

}  // namespace

int show_rollups(const RollupsOptions& options) {
  http_client::Client client(options_of(options.agent, {.timeout = kTimeout}));
  const auto response = client.get(request(options));
  if (const int code = refused(response, "read")) return code;
  if (options.json) {
    fmt::print("{}", response.body);
    return 0;
  }
  const auto& answer = response.body;
  fmt::print(
      "{} events behind, {} added since the start, {} of them as `other`, {} KiB of memory\n",
      core::json_number_at(answer, "lag_events").value_or(0),
      core::json_number_at(answer, "events_added").value_or(0),
      core::json_number_at(answer, "events_in_other").value_or(0),
      core::json_number_at(answer, "memory_bytes").value_or(0) / 1024);
  if (const auto missed = core::json_number_at(answer, "events_missed").value_or(0); missed > 0)
    fmt::print("{} events were gone before they were added\n", missed);
  if (const auto error = core::json_text_at(answer, "last_error"); !error.empty())
    fmt::print("last error: {}\n", printable(error));
  if (const auto state = core::json_text_at(answer, "rebuild.state"); state != "none")
    fmt::print("rebuild: {}, {} of {} hours\n", state, rebuild_number(answer, "hours_done"),
               rebuild_number(answer, "hours"));
  return 0;
}

int rebuild_rollups(const RollupsOptions& options) {
  const Interrupt interrupt;
  http_client::Client client(options_of(options.agent, {.timeout = kTimeout}));
  std::string query = "?since=" + http_client::url_encode(options.since);
  if (!options.until.empty()) query += "&until=" + http_client::url_encode(options.until);
  auto response = client.post(request(options, query));
  if (const int code = refused(response, "admin")) return code;
  const bool terminal = isatty(STDERR_FILENO) == 1;
  const auto begin = Clock::now();
  while (core::json_text_at(response.body, "rebuild.state") == "running") {
    if (terminal) show(response.body, begin);
    if (!wait_until(Clock::now() + kInterval, interrupt.token())) {
      fmt::print(stderr,
                 "{}it goes on in the agent; `kcloud-logger rollups ls` says how far it is\n",
                 terminal ? "\n" : "");
      return agent::kExitFailed;
    }
    response = client.get(request(options));
    if (const int code = refused(response, "read")) return code;
  }
  if (terminal) fmt::print(stderr, "\n");
  return summary(response.body);
}

}  // namespace kcloud::cli
