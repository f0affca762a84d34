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

constexpr std::size_t kBatchEvents = 2000;
constexpr std::size_t kBatchBytes = 4 << 20;
constexpr std::uint64_t kPage = 1000;
constexpr std::chrono::hours kMostAhead{24};  // that a publisher's clock may be

void complete(core::Event& event, core::EventBatch& batch, const core::Catalogue& catalogue,
              core::Decoder& decoder) {
  event.type = catalogue.find(event.type_name);
  decoder.decode_fields(event, batch);
}

class JournalEvents final : public StoredEvents {
 public:
  JournalEvents(const std::string& data_dir, std::shared_ptr<const core::Catalogue> catalogue,
                const BacktestRange& range)
      : catalogue_(std::move(catalogue)),
        decoder_(*catalogue_, {}),
        range_(range),
        reader_(journal::make_reader(data_dir, "", std::make_shared<journal::Generation>())) {
    skip_to(range.from - kMostAhead);
  }

  bool next(core::EventBatch& batch) override {
    after_ = reader_->read_after(after_, kBatchEvents, kBatchBytes, batch);
    // What arrives while this runs belongs to another run.
    if (batch.events.empty() || batch.events.front().received >= range_.now) return false;
    std::erase_if(batch.events, [this](const core::Event& event) {
      return event.time < range_.from || event.time >= range_.until;
    });
    for (core::Event& event : batch.events) complete(event, batch, *catalogue_, decoder_);
    return true;
  }

 private:
  // Whether what stands behind `seq` arrived from `time` on; also when there is nothing.
  bool arrived_from(std::uint64_t seq, core::Time time) {
    core::EventBatch one;
    reader_->read_after(seq, 1, 1, one);
    return one.events.empty() || one.events.front().received >= time;
  }

  // To the last event that arrived before `time`.
  void skip_to(core::Time time) {
    const std::uint64_t oldest = reader_->oldest();
    if (oldest == 0 || arrived_from(oldest - 1, time)) return;
    std::uint64_t before = oldest - 1;
    std::uint64_t step = 1;
    while (!arrived_from(before + step, time)) step *= 2;
    std::uint64_t behind = before + step;
    while (before + 1 < behind) {
      const std::uint64_t middle = before + (behind - before) / 2;
      (arrived_from(middle, time) ? behind : before) = middle;
    }
    after_ = behind;
  }

  const std::shared_ptr<const core::Catalogue> catalogue_;
  core::Decoder decoder_;
  const BacktestRange range_;
  const std::unique_ptr<journal::Reader> reader_;
  std::uint64_t after_ = 0;
};

class AgentEvents final : public StoredEvents {
 public:
  AgentEvents(const Address& agent, std::shared_ptr<const core::Catalogue> catalogue,
              const BacktestRange& range, std::stop_token stop)
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
    complete(event, batch, *catalogue_, decoder_);
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

std::unique_ptr<StoredEvents> journal_events(const std::string& data_dir,
                                             std::shared_ptr<const core::Catalogue> catalogue,
                                             const BacktestRange& range) {
  if (!std::filesystem::exists(data_dir + "/journal.db"))
    throw std::runtime_error("no journal in " + data_dir +
                             ". Hint: name its directory with --data-dir");
  return std::make_unique<JournalEvents>(data_dir, std::move(catalogue), range);
}

std::unique_ptr<StoredEvents> agent_events(const Address& agent,
                                           std::shared_ptr<const core::Catalogue> catalogue,
                                           const BacktestRange& range, std::stop_token stop) {
  return std::make_unique<AgentEvents>(agent, std::move(catalogue), range, std::move(stop));
}

}  // namespace kcloud::cli
