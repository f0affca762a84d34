#include "agent/cli/tail.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <random>
#include <utility>
#include <vector>

#include "agent/cli/interrupt.h"
#include "agent/cli/line.h"
#include "agent/cli/sse.h"
#include "core/backoff.h"
#include "core/decode.h"
#include "core/json.h"
#include "exporters/http_client/client.h"

namespace kcloud::cli {
namespace {

using std::chrono::steady_clock;
constexpr std::size_t kMaxPageBytes = 256 << 20;
constexpr std::uint32_t kMaxPage = 1000;
// Heartbeats come every 15 s by default; three missed ones end a stream.
constexpr std::chrono::seconds kSilence{45};

class Tail {
 public:
  Tail(const TailOptions& options, std::stop_token stop)
      : options_(options), stop_(std::move(stop)), colours_(isatty(STDOUT_FILENO) == 1) {
    url_ = base_url(options.agent);
    headers_ = headers_of(options.agent);
    http_client::Options client;
    client.timeout = kSilence;
    client.max_response_bytes = kMaxPageBytes;
    client_.emplace(options_of(options.agent, std::move(client)));
  }

  int run() {
    if ((options_.last > 0 || !options_.since.empty()) && !history()) return 1;
    return follow();
  }

 private:
  void print(std::string_view event) {
    const std::string line = options_.json ? std::string(event) : event_line(event, colours_);
    if (std::fprintf(stdout, "%s\n", line.c_str()) < 0 || std::fflush(stdout) != 0) {
      output_closed_ = true;
    }
  }

  bool refuse(const http_client::Response& response) const {
    if (response.answered()) {
      fmt::print(
          stderr, "tail: {} answered {}: {} {}{}\n", url_, response.status,
          core::json_text_at(response.body, "title"), core::json_text_at(response.body, "detail"),
          response.status == 401 || response.status == 403 ? ". Hint: --token needs the role read"
                                                           : "");
    } else {
      fmt::print(stderr, "tail: {}\n", explain_silence(response));
    }
    return false;
  }

  // Stored events first. Where the stream takes over is the newest position seen.
  bool history() {
    const bool since = !options_.since.empty();
    std::string cursor;
    do {
      const std::string limit =
          std::to_string(since ? kMaxPage : std::min(options_.last, kMaxPage));
      const std::string query = query_string(options_, {{"since", options_.since},
                                                        {"limit", limit},
                                                        {"order", since ? "asc" : "desc"},
                                                        {"cursor", cursor}});
      const auto response = client_->get({url_ + "/events" + query, headers_, {}, {}, {}});
      if (response.status != 200) return refuse(response);
      std::vector<std::string_view> events =
          core::split_json(events_of_page(response.body), false).elements;
      if (!since) std::reverse(events.begin(), events.end());
      for (const std::string_view event : events) {
        print(event);
        remember(core::json_text_at(event, "seq"));
      }
      cursor = since ? core::json_text_at(response.body, "next") : std::string();
      if (cursor == "null") cursor.clear();
    } while (!cursor.empty() && !stop_.stop_requested() && !output_closed_);
    return true;
  }

  // Positions are `<epoch>-<seq>`: of one epoch, the longer or greater text is the later one. What
  // comes from the database of all agents has none; the stream then begins with what is new.
  void remember(std::string position) {
    if (position == "null") return;
    if (std::pair(position.size(), position) > std::pair(position_.size(), position_)) {
      position_ = std::move(position);
    }
  }

  void show(const SseEvent& event) {
    connected_ = true;
    if (event.type == "gap") {
      fmt::print(stderr, "tail: gap: some events are no longer kept ({})\n", printable(event.data));
    } else if (event.data.starts_with('{') && event.type != "heartbeat") {
      print(event.data);
    }
  }

  http_client::Response stream_once() {
    parser_.reset();
    std::vector<http_client::Header> headers = headers_;
    headers.push_back({"Accept", "text/event-stream"});
    if (!parser_.last_id().empty()) position_ = parser_.last_id();
    if (!position_.empty()) headers.push_back({"Last-Event-ID", position_});
    return client_->stream(
        {url_ + "/stream/events" + query_string(options_), std::move(headers), {}, {}, {}},
        [this](std::string_view bytes) {
          connected_ = true;
          parser_.feed(bytes, [this](const SseEvent& event) { show(event); });
          return !output_closed_;
        },
        stop_);
  }

  int follow() {
    std::minstd_rand random{std::random_device{}()};
    core::Backoff backoff{core::BackoffOptions{}};
    bool ever = !position_.empty();
    while (!stop_.stop_requested() && !output_closed_) {
      connected_ = false;
      const auto response = stream_once();
      if (stop_.stop_requested() || output_closed_) break;
      const bool temporary = response.status == 0 || response.status == 200 ||
                             response.status == 429 || response.status == 503;
      if (!temporary || (!ever && !connected_ && response.status == 0)) {
        refuse(response);
        return 1;
      }
      ever = true;
      if (connected_) {
        backoff.reset();
        fmt::print(stderr, "tail: connection lost, reconnecting\n");
      }
      auto pause = backoff.next(static_cast<std::uint32_t>(random()));
      pause = std::max(pause, response.retry_after.value_or(
                                  parser_.retry().value_or(std::chrono::milliseconds(0))));
      wait_until(steady_clock::now() + pause, stop_);
    }
    return 0;
  }

  const TailOptions& options_;
  std::stop_token stop_;
  bool colours_;
  std::string url_;
  std::vector<http_client::Header> headers_;
  std::optional<http_client::Client> client_;
  SseParser parser_;
  std::string position_;  // of the newest event shown before the stream began
  bool connected_ = false;
  bool output_closed_ = false;
};

}  // namespace

std::string query_string(const TailOptions& options,
                         std::initializer_list<std::pair<const char*, std::string>> extra) {
  std::vector<std::pair<const char*, std::string>> parameters = {
      {"type", options.type},     {"workload", options.workload}, {"cluster", options.cluster},
      {"source", options.source}, {"severity", options.severity}, {"q", options.q}};
  parameters.insert(parameters.end(), extra.begin(), extra.end());
  std::string out;
  for (const auto& [name, value] : parameters) {
    if (value.empty()) continue;
    out += out.empty() ? '?' : '&';
    out.append(name).append("=").append(http_client::url_encode(value));
  }
  return out;
}

std::string_view events_of_page(std::string_view page) {
  constexpr std::string_view kKey = "\"events\":";
  const std::size_t begin = page.find(kKey);
  const std::size_t end = page.rfind("],\"next\":");
  if (begin == std::string_view::npos || end == std::string_view::npos) return {};
  return page.substr(begin + kKey.size(), end + 1 - begin - kKey.size());
}

int tail(const TailOptions& options) {
  const Interrupt interrupt;
  return Tail(options, interrupt.token()).run();
}

}  // namespace kcloud::cli
