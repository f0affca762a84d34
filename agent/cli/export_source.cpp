// The two places that `export` reads from. Both answer the question of GET /events, with the same
// code behind it.
#include <fmt/format.h>

#include <filesystem>
#include <random>

#include "agent/api/event_query.h"
#include "agent/api/render.h"
#include "agent/cli/export.h"
#include "agent/cli/interrupt.h"
#include "agent/journal/reader.h"
#include "agent/logging.h"
#include "agent/startup.h"
#include "core/backoff.h"
#include "core/json.h"
#include "exporters/http_client/client.h"

namespace kcloud::cli {
namespace {

using std::chrono::steady_clock;
constexpr std::chrono::seconds kPatience{60};  // without any answer, after a first one

class JournalSource final : public ExportSource {
 public:
  explicit JournalSource(const ExportOptions& options)
      : overrides_{options.config_file, {}, options.data_dir},
        config_(agent::load_or_throw(overrides_)),
        zone_(config_.agent.default_zone),
        decoder_(*config_.catalogue, {}),
        journal_(agent::unlimited_journal(options.data_dir), clock_),
        reader_(journal_.reader()) {}

  ExportPage page(const std::vector<Parameter>& parameters) override {
    api::EventQuery asked = api::parse_event_query(parameters, api::QueryKind::kList, clock_.now(),
                                                   zone_, *config_.catalogue);
    if (!asked.error.empty()) throw ExportFailed(asked.error);
    journal::Page page = reader_->query(asked.query);
    api::Rendered rendered = api::render_page(page, asked, journal_.epoch(), decoder_);
    return {std::move(rendered.body), std::move(rendered.next)};
  }

 private:
  const agent::Overrides overrides_;
  const config::Config config_;
  const core::SystemClock clock_;
  const core::Zone zone_;
  core::Decoder decoder_;
  journal::Journal journal_;
  std::unique_ptr<journal::Reader> reader_;
};

class HttpSource final : public ExportSource {
 public:
  HttpSource(const ExportOptions& options, std::stop_token stop)
      : url_(base_url(options.agent)),
        stop_(std::move(stop)),
        headers_(headers_of(options.agent)),
        client_(options_of(options.agent, client_options())) {}

  ExportPage page(const std::vector<Parameter>& parameters) override {
    std::string target = url_ + "/events";
    for (const auto& [name, value] : parameters) {
      target += target.find('?') == std::string::npos ? '?' : '&';
      target.append(name).append("=").append(http_client::url_encode(value));
    }
    const auto give_up = steady_clock::now() + kPatience;
    core::Backoff backoff{core::BackoffOptions{}};
    while (true) {
      http_client::Response answer = client_.get({target, headers_, {}, {}, {}});
      if (answer.status == 200 && !answer.truncated) {
        answered_once_ = true;
        return {std::move(answer.body), client_.header("X-Next-Cursor")};
      }
      const bool later = !answer.answered() || answer.status == 429 || answer.status == 503;
      if (!later || answer.untrusted || !answered_once_ || steady_clock::now() > give_up) {
        fail(answer);
      }
      const auto pause =
          answer.retry_after.value_or(backoff.next(static_cast<std::uint32_t>(random_())));
      if (!wait_until(steady_clock::now() + pause, stop_)) return {};
    }
  }

 private:
  static http_client::Options client_options() {
    http_client::Options options;
    options.timeout = std::chrono::seconds(60);
    options.max_response_bytes = 64 << 20;  // a page has at most about half of that
    return options;
  }

  [[noreturn]] void fail(const http_client::Response& answer) const {
    if (!answer.answered()) {
      throw ExportFailed(explain_silence(answer) +
                         "; --data-dir reads the journal of a stopped one");
    }
    const bool denied = answer.status == 401 || answer.status == 403;
    throw ExportFailed(fmt::format("{} answered {}: {}{}", url_, answer.status,
                                   core::json_text_at(answer.body, "detail"),
                                   denied ? ". Hint: --token needs the role read" : ""));
  }

  std::string url_;
  std::stop_token stop_;
  std::vector<http_client::Header> headers_;
  http_client::Client client_;
  std::minstd_rand random_{std::random_device{}()};
  bool answered_once_ = false;
};

}  // namespace

std::unique_ptr<ExportSource> journal_source(const ExportOptions& options) {
  agent::set_up_logging({.level = "warn", .format = "auto"});
  if (!std::filesystem::exists(options.data_dir + "/journal.db")) {
    throw ExportFailed("no journal in " + options.data_dir +
                       ". Hint: name its directory with --data-dir");
  }
  try {
    return std::make_unique<JournalSource>(options);
  } catch (const journal::DirectoryInUse&) {
    throw ExportFailed("data directory " + options.data_dir +
                       " is in use by a running agent. Hint: ask it, with --url instead of "
                       "--data-dir, or stop it first");
  }
}

std::unique_ptr<ExportSource> http_source(const ExportOptions& options, std::stop_token stop) {
  return std::make_unique<HttpSource>(options, std::move(stop));
}

}  // namespace kcloud::cli
