// The two places that a back-test reads from.
#include <fmt/format.h>

#include <filesystem>

#include "agent/cli/export.h"
#include "agent/cli/rules_backtest.h"
#include "agent/journal/generation.h"
#include "agent/journal/reader.h"
#include "core/decode.h"
#include "core/envelope.h"

namespace kcloud::cli {
namespace {

constexpr std::uint64_t kPage = 1000;

// A journal's, with a reader of its own.
class DirectoryEvents final : public backtest::Events {
 public:
  DirectoryEvents(const std::string& data_dir, std::shared_ptr<const core::Catalogue> catalogue,
                  const backtest::Range& range)
      : reader_(journal::make_reader(data_dir, "", std::make_shared<journal::Generation>())),
        events_(backtest::journal_events(*reader_, std::move(catalogue), range)) {}
  bool next(core::EventBatch& batch) override { return events_->next(batch); }

 private:
  const std::unique_ptr<journal::Reader> reader_;
  const std::unique_ptr<backtest::Events> events_;
};

class AgentEvents final : public backtest::Events {
 public:
  AgentEvents(const Address& agent, std::shared_ptr<const core::Catalogue> catalogue,
              const backtest::Range& range, std::stop_token stop)
      : catalogue_(std::move(catalogue)), decoder_(*catalogue_, {}) {
    ExportOptions options;
    options.agent = agent;
    options.since = core::format_time(range.from);
    options.until = core::format_time(range.until);
    parameters_ = query_parameters(options);
    parameters_.emplace_back("limit", std::to_string(kPage));
    source_ = http_source(options, std::move(stop));
  }

  bool next(core::EventBatch& batch) override {
    if (ended_) return false;
    auto parameters = parameters_;
    if (!cursor_.empty()) parameters.emplace_back("cursor", cursor_);
    const ExportPage page = source_->page(parameters);
    cursor_ = page.next;
    ended_ = cursor_.empty();
    std::string_view text = page.text;
    while (!text.empty()) {
      const std::size_t end = std::min(text.find('\n'), text.size() - 1);
      add(text.substr(0, end), batch);
      text.remove_prefix(end + 1);
    }
    return true;
  }

 private:
  void add(std::string_view line, core::EventBatch& batch) {
    core::Envelope envelope;
    std::vector<core::FieldError> errors;
    if (!envelopes_.read_strictly(line, envelope, errors))
      throw std::runtime_error("what came is no event of kcloud-logger");
    core::Event event;
    event.id = envelope.id;
    event.time = envelope.time;
    const auto received = core::parse_time(envelope.received, core::Zone());
    event.received = received ? received->time : envelope.time;
    event.type_name = batch.keep(envelope.type);
    event.source = batch.keep(envelope.source);
    event.workload = batch.keep(envelope.workload);
    event.cluster = batch.keep(envelope.cluster);
    event.severity = batch.keep(envelope.severity);
    event.collector = batch.keep(envelope.collector);
    event.agent = batch.keep(envelope.agent);
    event.body = batch.keep(envelope.body);
    decoder_.complete(event, batch);
    batch.events.push_back(event);
  }

  const std::shared_ptr<const core::Catalogue> catalogue_;
  core::Decoder decoder_;
  core::EnvelopeReader envelopes_;
  std::vector<Parameter> parameters_;
  std::unique_ptr<ExportSource> source_;
  std::string cursor_;
  bool ended_ = false;
};

}  // namespace

std::unique_ptr<backtest::Events> directory_events(const std::string& data_dir,
                                                   std::shared_ptr<const core::Catalogue> catalogue,
                                                   const backtest::Range& range) {
  if (!std::filesystem::exists(data_dir + "/journal.db"))
    throw std::runtime_error("no journal in " + data_dir +
                             ". Hint: name its directory with --data-dir");
  return std::make_unique<DirectoryEvents>(data_dir, std::move(catalogue), range);
}

std::unique_ptr<backtest::Events> agent_events(const Address& agent,
                                               std::shared_ptr<const core::Catalogue> catalogue,
                                               const backtest::Range& range, std::stop_token stop) {
  return std::make_unique<AgentEvents>(agent, std::move(catalogue), range, std::move(stop));
}

}  // namespace kcloud::cli
