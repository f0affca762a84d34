// The way through a running agent: a POST a chunk, again until it is answered for good.
#include <fmt/format.h>

#include <algorithm>
#include <random>
#include <span>
#include <utility>

#include "agent/cli/import.h"
#include "agent/cli/import_state.h"
#include "agent/cli/interrupt.h"
#include "collectors/webhook/content.h"
#include "core/backoff.h"
#include "core/envelope.h"
#include "core/json.h"
#include "exporters/http_client/client.h"
#include "exporters/http_client/gzip.h"

namespace kcloud::cli {
namespace {

using std::chrono::steady_clock;

http_client::Options client_options() {
  http_client::Options options;
  options.timeout = std::chrono::seconds(60);
  options.max_response_bytes = 64 << 20;
  return options;
}

class HttpTarget final : public ImportTarget {
 public:
  HttpTarget(const ImportOptions& options, const std::string& path, std::stop_token stop)
      : url_(base_url(options.agent)),
        stop_(std::move(stop)),
        headers_(headers_of(options.agent)),
        client_(options_of(options.agent, client_options())) {
    if (!path.empty()) state_file_ = state_directory() + "/" + state_name(path, url_) + ".json";
    events_url_ = url_ + "/events";
    if (!options.type.empty()) events_url_ += "/" + http_client::url_encode(options.type);
  }

  std::string journal() override {
    if (epoch_.empty()) {
      const auto answer = until_answered([this] { return client_.get({url_ + "/health"}); });
      epoch_ = core::json_text_at(answer.body, "components.journal.epoch");
      if (epoch_.empty() && !stop_.stop_requested()) {
        throw ImportFailed(fmt::format("{}/health answered {}, but not as kcloud-logger does", url_,
                                       answer.status));
      }
    }
    return epoch_;
  }

  RecordLimits limits() const override { return {}; }
  std::string load() override { return read_state_file(state_file_); }

  void take(Chunk chunk, const std::string& state) override {
    post(chunk, chunk.records);
    if (!stop_.stop_requested() && !state.empty()) write_state_file(state_file_, state);
  }
  void drain() override {}
  Tally tally() override { return tally_; }

 private:
  // Asks again while nobody answers for good, or until stopped.
  template <typename Ask>
  http_client::Response until_answered(Ask ask) {
    core::Backoff backoff{core::BackoffOptions{}};
    bool said = false;
    while (true) {
      http_client::Response answer = ask();
      if (answer.untrusted) throw ImportFailed(explain_silence(answer));
      const bool later = !answer.answered() || answer.status == 408 || answer.status == 429 ||
                         (answer.status >= 500 && !answer.body.starts_with("{\"status\":\""));
      if (!later || stop_.stop_requested()) {
        if (said && !later) fmt::print(stderr, "{} answers again\n", url_);
        return answer;
      }
      if (!std::exchange(said, true)) {
        fmt::print(stderr, "{}: {}; trying again, Ctrl-C ends it\n", url_,
                   answer.answered() ? fmt::format("{} {}", answer.status,
                                                   core::json_text_at(answer.body, "detail"))
                                     : "no agent answers (" + answer.error + ")");
      }
      const auto pause =
          answer.retry_after.value_or(backoff.next(static_cast<std::uint32_t>(random_())));
      wait_until(steady_clock::now() + pause, stop_);
    }
  }

  // `records` of the chunk, in halves when they are too many for the agent.
  void post(const Chunk& chunk, std::span<const Record> records) {
    std::vector<Record> sent;
    const std::string_view type = make_body(chunk, records, sent);
    if (sent.empty()) return;
    auto headers = headers_;
    headers.push_back({"Content-Type", std::string(type)});
    headers.push_back({"Content-Encoding", "gzip"});
    gzip_.compress(body_, compressed_);
    const auto answer = until_answered([&] {
      return client_.post({events_url_, headers, compressed_, {}, {}}, stop_);
    });
    if (stop_.stop_requested() && !answer.answered()) return;
    if (answer.status == 202 || answer.status == 207 || answer.status == 422) {
      return settle(answer.body, sent);
    }
    if (answer.status != 413) refuse(answer);
    if (sent.size() == 1) {
      tally_.rejected += 1;
      return tally_.reject(sent.front().line, core::json_text_at(answer.body, "detail"));
    }
    const std::size_t half = sent.size() / 2;
    post(chunk, std::span(sent).first(half));
    post(chunk, std::span(sent).subspan(half));
  }

  // One record a line; returns the media type.
  std::string_view make_body(const Chunk& chunk, std::span<const Record> records,
                             std::vector<Record>& sent) {
    bool envelopes = false;
    body_.clear();
    for (const Record& record : records) {
      if (record.too_large) {
        tally_.rejected += 1;
        tally_.reject(record.line, fmt::format("a record of more than {} bytes; it was not sent",
                                               limits().max_record));
        continue;
      }
      const std::string_view text = chunk.view(record);
      const std::size_t at = body_.size();
      body_.append(text);
      std::replace(body_.begin() + static_cast<std::ptrdiff_t>(at), body_.end(), '\n', ' ');
      body_.push_back('\n');
      sent.push_back(record);
      core::Envelope envelope;
      std::vector<core::FieldError> errors;
      envelopes |= reader_.read(text, envelope, errors) != core::EnvelopeReader::Found::kOther;
    }
    return envelopes ? webhook::kEnvelopeType : std::string_view("application/x-ndjson");
  }

  void settle(const std::string& body, const std::vector<Record>& sent) {
    tally_.stored += core::json_number_at(body, "accepted").value_or(0);
    tally_.duplicates += core::json_number_at(body, "duplicates").value_or(0);
    const std::string rejected = core::json_text_at(body, "rejected");
    if (rejected.size() < 3) return;
    for (const std::string_view one : core::split_json(rejected, false).elements) {
      const std::uint64_t index = core::json_number_at(one, "index").value_or(0);
      const std::string problem = core::json_text_at(one, "errors.0.problem");
      (problem == "id_conflict" ? tally_.conflicts : tally_.rejected) += 1;
      if (index >= sent.size()) continue;
      tally_.reject(sent[index].line,
                    fmt::format("{}: {}, expected {}", core::json_text_at(one, "errors.0.path"),
                                problem, core::json_text_at(one, "errors.0.expected")));
    }
  }

  [[noreturn]] void refuse(const http_client::Response& answer) const {
    const char* hint = "";
    if (answer.status == 401) hint = ". Hint: --token, or KCLOUD_LOGGER_TOKEN";
    if (answer.status == 403) {
      hint = ". Hint: the token needs the role ingest, and admin for events that `export` wrote";
    }
    if (answer.status == 415) hint = ". Hint: the agent is older than this command";
    throw ImportFailed(fmt::format("{} answered {}: {}{}", events_url_, answer.status,
                                   core::json_text_at(answer.body, "detail"), hint));
  }

  std::string url_, events_url_;
  std::stop_token stop_;
  std::string state_file_;
  std::vector<http_client::Header> headers_;
  http_client::Client client_;
  http_client::Gzip gzip_;
  core::EnvelopeReader reader_;
  std::minstd_rand random_{std::random_device{}()};
  std::string epoch_, body_, compressed_;
  Tally tally_;
};

}  // namespace

std::unique_ptr<ImportTarget> http_target(const ImportOptions& options, const std::string& path,
                                          std::stop_token stop) {
  return std::make_unique<HttpTarget>(options, path, std::move(stop));
}

}  // namespace kcloud::cli
