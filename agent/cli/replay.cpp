#include "agent/cli/replay.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>

#include "agent/cli/interrupt.h"
#include "agent/cli/line.h"
#include "agent/cli/terminal.h"
#include "agent/exit_code.h"
#include "core/json.h"

namespace kcloud::cli {
namespace {

using agent::kExitFailed;
using Clock = std::chrono::steady_clock;

constexpr std::chrono::seconds kTimeout{15};
constexpr std::chrono::seconds kPatience{15};  // with an agent that does not answer
constexpr std::chrono::milliseconds kInterval{500};
constexpr std::string_view kRole = "read for --wait and admin for the others";

std::uint64_t number_at(const std::string& answer, const char* key) {
  return core::json_number_at(answer, key).value_or(0);
}

bool is_over(const std::string& answer) { return core::json_text_at(answer, "ended") != "null"; }

class Replay {
 public:
  explicit Replay(const ReplayOptions& options)
      : options_(options),
        client_(options_of(options.agent, {.timeout = kTimeout})),
        url_(fmt::format("{}/exporters/{}/replay", base_url(options.agent),
                         http_client::url_encode(options.exporter))) {}

  int run() {
    if (options_.cancel) return cancel();
    auto response = options_.wait ? client_.get(request(url_)) : start();
    if (const int code = refused(response, kRole)) return code;
    last_ = response.body;
    if (options_.detach) {
      fmt::print("{}: started; `kcloud-logger replay --exporter {} --wait` follows it\n",
                 options_.exporter, options_.exporter);
      return 0;
    }
    return follow();
  }

 private:
  http_client::Request request(const std::string& url) const {
    return {url, headers_of(options_.agent), {}, {}, {}};
  }

  http_client::Response start() {
    std::string query;
    const auto add = [&](const char* name, const std::string& value) {
      if (value.empty()) return;
      query +=
          fmt::format("{}{}={}", query.empty() ? "?" : "&", name, http_client::url_encode(value));
    };
    add("from", options_.from);
    add("to", options_.to);
    add("time", options_.time);
    add("after", options_.after);
    return client_.post(request(url_ + query));
  }

  int cancel() {
    const auto response = client_.remove(request(url_));
    if (const int code = refused(response, kRole)) return code;
    last_ = response.body;
    fmt::print("{}\n", replay_summary(last_));
    return 0;
  }

  int follow() {
    const auto begin = Clock::now();
    auto heard = begin;
    const std::string started = core::json_text_at(last_, "started");
    while (!is_over(last_)) {
      show(begin);
      if (!wait_until(Clock::now() + kInterval, interrupt_.token())) return interrupted();
      const auto response = client_.get(request(url_));
      if (!response.answered()) {
        if (Clock::now() - heard < kPatience) continue;
        return lost(fmt::format("the agent does not answer ({})", response.error));
      }
      heard = Clock::now();
      const bool same = core::json_text_at(response.body, "started") == started;
      if (response.status == 404 || (response.status == 200 && !same))
        return lost("the agent was restarted, which a replay does not survive");
      if (response.status == 200) last_ = response.body;
    }
    show(begin);
    if (terminal_) fmt::print(stderr, "\n");
    fmt::print("{}\n", replay_summary(last_));
    if (core::json_text_at(last_, "state") != "done")
      return lost(printable(core::json_text_at(last_, "last_error")));
    return number_at(last_, "refused") > 0 ? 1 : 0;
  }

  int interrupted() {
    if (terminal_) fmt::print(stderr, "\n");
    const auto response = client_.remove(request(url_));
    if (response.status == 200) {
      last_ = response.body;
    } else {
      fmt::print(stderr, "error: it could not be cancelled and may go on. Hint: --cancel\n");
    }
    fmt::print("{}\n", replay_summary(last_));
    return lost("interrupted");
  }

  int lost(const std::string& why) const {
    fmt::print(stderr, "error: not finished: {}. Hint: go on with\n{}\n", why,
               replay_command(options_, last_));
    return kExitFailed;
  }

  void show(Clock::time_point begin) const {
    if (!terminal_) return;
    const std::string state = core::json_text_at(last_, "state");
    fmt::print(
        stderr, "\r\x1b[K{}{}",
        progress_line(replay_progress(last_, Clock::now() - begin),
                      terminal_size().width - std::min<std::size_t>(terminal_size().width, 12)),
        state == "running" || is_over(last_) ? "" : "  " + state);
  }

  const ReplayOptions& options_;
  const Interrupt interrupt_;
  http_client::Client client_;
  const std::string url_;
  const bool terminal_ = isatty(STDERR_FILENO) == 1;
  std::string last_;  // newest answer
};

}  // namespace

int replay(const ReplayOptions& options) {
  return agent::guarded([&] { return Replay(options).run(); });
}

Progress replay_progress(const std::string& answer, std::chrono::duration<double> elapsed) {
  Progress progress;
  progress.accepted = number_at(answer, "sent");
  progress.rejected = number_at(answer, "refused");
  progress.goal = progress.done() + number_at(answer, "remaining");
  progress.elapsed = elapsed;
  return progress;
}

std::string replay_summary(const std::string& answer) {
  const auto text = [&](const char* key) { return core::json_text_at(answer, key); };
  std::string line = fmt::format("{}: {}: {} sent, {} refused ({} events/s)", text("exporter"),
                                 text("state"), text("sent"), text("refused"), text("rate"));
  if (number_at(answer, "gone") > 0)
    line += fmt::format("; at most {} of the range are no longer in the journal", text("gone"));
  return line;
}

std::string replay_command(const ReplayOptions& options, const std::string& answer) {
  const auto text = [&](const char* key) { return core::json_text_at(answer, key); };
  std::string command =
      fmt::format("kcloud-logger replay --exporter {} --from {} --to {} --after {}",
                  options.exporter, text("from"), text("to"), text("position"));
  if (text("time") == "event") command += " --time event";
  if (options.agent.url != Address{}.url) command += " --url " + options.agent.url;
  return command;
}

}  // namespace kcloud::cli
