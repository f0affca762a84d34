#include "agent/cli/rollups.h"

#include <fmt/format.h>
#include <unistd.h>

#include <cstdio>
#include <memory>
#include <optional>
#include <stdexcept>
#include <vector>

#include "agent/analytics/objectives.h"
#include "agent/api/event_query.h"
#include "agent/cli/interrupt.h"
#include "agent/cli/line.h"
#include "agent/cli/progress.h"
#include "agent/cli/terminal.h"
#include "agent/exit_code.h"
#include "agent/fleet/rollup_rebuild.h"
#include "agent/startup.h"
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

std::string text_of(const std::string& time) { return time; }
std::string text_of(core::Time time) { return core::format_time(time); }

template <typename Hours>
void print_refused(const Hours& hours) {
  if (hours.empty()) return;
  fmt::print("{} left as they are, their events are not all kept any more:\n", hours.size());
  for (const auto& hour : hours) fmt::print("  {}\n", text_of(hour));
}

int summary(const std::string& answer) {
  const auto refused = core::json_items(core::json_text_at(answer, "rebuild.refused"));
  fmt::print("{} hours made anew\n", rebuild_number(answer, "hours") - refused.size());
  print_refused(refused);
  return refused.empty() ? 0 : 1;
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

namespace {

std::optional<core::Time> read_time(const char* option, const std::string& text,
                                    const core::Zone& zone) {
  if (text.empty()) return std::nullopt;
  const auto time = api::parse_query_time(text, core::SystemClock().now(), zone);
  if (!time)
    throw std::runtime_error(fmt::format(
        "{} is `{}`; expected RFC 3339, an epoch number or a distance such as -24h", option, text));
  return time;
}

fleet::RebuildOptions rebuild_options(const RollupsOptions& options) {
  const auto config = agent::load_or_throw({options.config_file, "", ""});
  config::Problems problems;  // known since the configuration was read
  const auto objectives =
      analytics::read_objectives(config.analytics, *config.catalogue, {}, problems);
  fleet::RebuildOptions wanted;
  wanted.database.url = options.pg;
  if (!options.pg_schema.empty()) wanted.database.schema = options.pg_schema;
  wanted.plan = std::make_shared<const rollups::Plan>(config.catalogue, objectives.judged, true);
  wanted.decode = config::stored_options(config);
  wanted.zone = config.agent.default_zone;
  const core::Zone zone(wanted.zone);
  wanted.since = read_time("--since", options.since, zone);
  wanted.until = read_time("--until", options.until, zone);
  return wanted;
}

int rebuild_database(const RollupsOptions& options) {
  try {
    const Interrupt interrupt;
    const bool terminal = isatty(STDERR_FILENO) == 1;
    const auto made = fleet::rebuild_rollups(
        rebuild_options(options), [&](const fleet::Rebuilt& done, core::Time at) {
          if (terminal)
            fmt::print(stderr, "\r\x1b[K{} hours, {} events, at {}", done.hours, done.events,
                       core::format_time(at));
          return !interrupt.token().stop_requested();
        });
    if (terminal) fmt::print(stderr, "\r\x1b[K");
    const bool stopped = interrupt.token().stop_requested();
    fmt::print("{} hours made anew from {} events{}\n", made.hours, made.events,
               stopped ? "; it was stopped, what follows is as it was" : "");
    print_refused(made.refused);
    return made.refused.empty() && !stopped ? 0 : 1;
  } catch (const std::exception& error) {
    fmt::print(stderr, "rollups rebuild: {}\n", error.what());
    return agent::kExitFailed;
  }
}

}  // namespace

int rebuild_rollups(const RollupsOptions& options) {
  if (!options.pg.empty()) return rebuild_database(options);
  if (options.since.empty()) {
    fmt::print(stderr, "rollups rebuild: --since is required. Hint: --since=-24h\n");
    return agent::kExitFailed;
  }
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
