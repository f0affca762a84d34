// GET /reports/audit: made piece by piece, as the client takes it, on a thread of its own.
#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include <atomic>
#include <utility>

#include "agent/api/report_query.h"
#include "agent/api/router.h"
#include "agent/fleet/fleet.h"
#include "agent/fleet/report_evidence.h"
#include "agent/http/url.h"
#include "agent/report/audit_event.h"
#include "agent/report/journal_evidence.h"
#include "agent/report/report.h"

namespace kcloud::api {
namespace {

constexpr int kMostReports = 4;  // at once; each waits for its turn on one thread

// One of the reports that are made at once.
class Place {
 public:
  explicit Place(std::shared_ptr<std::atomic<int>> taken) : taken_(std::move(taken)) {
    full_ = taken_->fetch_add(1) >= kMostReports;
  }
  ~Place() { taken_->fetch_sub(1); }
  Place(const Place&) = delete;
  Place& operator=(const Place&) = delete;
  bool full() const { return full_; }

 private:
  std::shared_ptr<std::atomic<int>> taken_;
  bool full_;
};

// What tells of the rows' store, for one step of the report.
using MakeEvidence = std::function<std::unique_ptr<report::Evidence>(Worker&)>;

struct Making {
  report::Report report;
  MakeEvidence evidence;
  std::shared_ptr<const core::Catalogue> catalogue;
  std::shared_ptr<Place> place;
  std::atomic<bool> gone = false;  // the client
};

void make_piece(QueryPool& pool, const std::shared_ptr<Making>& making, const http::Piece& piece) {
  pool.go_on([&pool, making, piece](Worker& worker) {
    std::string bytes;
    try {
      const auto stopping = [&] { return worker.stopping() || making->gone; };
      if (stopping()) throw report::Stopped();
      const auto evidence = making->evidence(worker);
      bytes = making->report.next(worker.events(), *evidence, worker.decoder(making->catalogue),
                                  stopping);
    } catch (const report::Stopped&) {
      return piece.send({});
    } catch (const std::exception& error) {
      // The head is out: that the last line is missing says that it is not whole.
      spdlog::error("a report broke off: {}", error.what());
      return piece.send({});
    }
    if (bytes.empty() && !making->report.done()) return make_piece(pool, making, piece);
    piece.send(std::move(bytes));
  });
}

class ReportStream final : public http::Stream {
 public:
  ReportStream(QueryPool& pool, std::shared_ptr<Making> making)
      : pool_(pool), making_(std::move(making)) {}
  ~ReportStream() override { making_->gone = true; }
  ReportStream(const ReportStream&) = delete;
  ReportStream& operator=(const ReportStream&) = delete;

  void pull(http::Piece piece) override { make_piece(pool_, making_, piece); }

 private:
  QueryPool& pool_;
  std::shared_ptr<Making> making_;
};

MakeEvidence evidence_of(const Context& context, const config::Config& config,
                         const std::shared_ptr<const core::Catalogue>& catalogue) {
  const report::Place place{config.agent.data_dir, config.audit.checkpoint_file};
  if (context.fleet != nullptr)
    return [settings = fleet::ReportEvidence::Settings{context.fleet->config(),
                                                       place,
                                                       {},
                                                       catalogue,
                                                       config::decode_options(config),
                                                       context.fleet->stop_fd()}](Worker&) {
      return std::make_unique<fleet::ReportEvidence>(settings);
    };
  return [&journal = context.journal, settings = report::JournalEvidence::Settings{
                                          place, config.journal.max_age}](Worker& worker) {
    return std::make_unique<report::JournalEvidence>(worker.reader(), journal, settings);
  };
}

// Before the head goes out that a client would have to take for the beginning of a report.
void check_reachable(journal::EventReader& reader) {
  journal::Query query;
  query.limit = 1;
  reader.query(query);
}

http::Response unavailable(std::string_view detail) {
  http::Response response = http::problem(503, detail);
  http::add_header(response, "Retry-After", "5");
  return response;
}

}  // namespace

void Router::audit_report(const http::Request& request, http::Reply reply) {
  const auto parameters = http::parse_query(request.query);
  if (!parameters) return reply.send(http::problem(400, "a percent escape is malformed"));
  const auto& config = settings_->config;
  const core::Time now = context_.clock.now();
  auto parsed =
      parse_report_query(*parameters, request.header("accept"), request.header("accept-language"),
                         now, config->agent.default_zone, *config->catalogue);
  if (!parsed.error.empty()) return reply.send(http::problem(parsed.status, parsed.error));
  auto place = std::make_shared<Place>(reports_);
  if (place->full())
    return reply.send(unavailable(fmt::format("{} reports are being made already", kMostReports)));
  report::Head head{.request = std::move(parsed.request),
                    .made = now,
                    .agent = context_.agent,
                    .version = context_.version,
                    .by = actor_of(request),
                    .event = {},
                    .backend = report::Backend::kJournal,
                    .epoch = context_.journal.epoch(),
                    .head = context_.journal.head()};
  if (context_.fleet != nullptr) {
    head.backend = report::Backend::kPostgres;
    head.epoch.clear();
    head.head = 0;
  }
  const auto held = std::make_shared<http::Reply>(std::move(reply));
  const bool told = request.method == "HEAD";
  const bool taken = report_pool_.submit(
      [this, held, head = std::move(head), place, config, told](Worker& worker) mutable {
        try {
          if (context_.fleet != nullptr) check_reachable(worker.events());
          if (!told) {
            auto intake = std::make_unique<core::Intake>();
            report::append_audit_event(head.request, head.by, context_.agent, head.made,
                                       worker.decoder(config->catalogue), intake->batch);
            // No byte of it leaves before the event that says so is on disk.
            if (core::accept_and_wait(context_.journal, intake) != core::CommitStatus::kCommitted)
              return held->send(unavailable("the journal takes no event that tells of the report"));
            head.event = core::to_string(intake->batch.events.front().id);
          }
          http::Response response{.content_type = report::content_type(head.request.format)};
          response.headers = "Cache-Control: no-store\r\nVary: Accept, Accept-Language\r\n";
          auto making = std::shared_ptr<Making>(new Making{
              report::Report(std::move(head), config->audit.heartbeat),
              evidence_of(context_, *config, config->catalogue), config->catalogue, place});
          held->stream(std::move(response),
                       std::make_unique<ReportStream>(report_pool_, std::move(making)));
        } catch (const std::exception& error) {
          held->send(unavailable(error.what()));
        }
      });
  if (!taken) held->send(unavailable("too many reports are waiting"));
}

}  // namespace kcloud::api
