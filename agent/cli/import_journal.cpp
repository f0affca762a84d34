// The way into a stopped agent's journal: decoding here, commits on the journal's own thread, a few
// batches under way between the two.
#include <fmt/format.h>

#include <condition_variable>
#include <limits>
#include <mutex>
#include <utility>

#include "agent/cli/import.h"
#include "agent/cli/import_state.h"
#include "agent/journal/journal.h"
#include "agent/logging.h"
#include "agent/startup.h"
#include "core/dead_letter.h"
#include "core/envelope.h"

namespace kcloud::cli {
namespace {

constexpr const char* kCollector = "import";
constexpr int kUnderWay = 4;
constexpr std::size_t kArenaPerEvent = 256;

journal::Options journal_of(const agent::Overrides& overrides, const config::Config& config) {
  journal::Options options = agent::command_journal(overrides, config);
  options.queue_bytes = std::numeric_limits<std::uint64_t>::max();  // kUnderWay is the bound
  return options;
}

class JournalTarget final : public ImportTarget {
 public:
  JournalTarget(const ImportOptions& options, std::string path)
      : file_(options.file),
        path_(std::move(path)),
        overrides_{options.config_file, {}, options.data_dir},
        config_(agent::load_or_throw(overrides_)),
        agent_(agent::agent_name(config_.agent)),
        type_(type_name(options.type)),
        decoder_(*config_.catalogue, config::decode_options(config_)),
        name_(state_name(path_, {})),
        journal_(journal_of(overrides_, config_), clock_) {}
  // The journal goes first: its completions use the rest.
  ~JournalTarget() override { journal_.close(); }

  std::string journal() override { return journal_.epoch(); }
  RecordLimits limits() const override {
    return {config_.intake.max_event_bytes * 2, config_.intake.dead_letter_body_bytes};
  }
  std::string load() override { return journal_.note(name_); }

  void take(Chunk chunk, const std::string& state) override {
    auto lines = std::make_shared<std::vector<std::uint64_t>>();
    auto intake = decode(chunk, *lines);
    enter();
    auto done = [this, lines](core::CommitStatus status, std::unique_ptr<core::Intake> stored) {
      leave(status, *stored, *lines);
    };
    if (state.empty()) {
      journal_.accept(std::move(intake), std::move(done));
    } else {
      journal_.accept(std::move(intake), name_, state, std::move(done));
    }
  }

  void drain() override {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [this] { return under_way_ == 0; });
    check();
  }

  Tally tally() override {
    const std::lock_guard lock(mutex_);
    return tally_;
  }

 private:
  std::string type_name(const std::string& given) const {
    if (given.empty()) return {};
    const auto* type = config_.catalogue->find_endpoint(given);
    if (type == nullptr || type->reserved) {
      throw ImportFailed(fmt::format(
          "--type: there is no event type `{}` for publishers; docs/event-types.md lists them",
          given));
    }
    return type->name;
  }

  std::unique_ptr<core::Intake> decode(const Chunk& chunk, std::vector<std::uint64_t>& lines) {
    auto intake = std::make_unique<core::Intake>();
    intake->batch =
        core::EventBatch(chunk.text.size() + kArenaPerEvent * chunk.records.size() + 64);
    intake->batch.events.reserve(chunk.records.size());
    core::TransportHints hints;
    hints.type = type_;
    hints.collector = kCollector;
    hints.agent = agent_;
    hints.received = clock_.now();
    std::vector<core::FieldError> errors;
    std::vector<std::string_view> warnings;
    for (const Record& record : chunk.records) {
      errors.clear();
      warnings.clear();
      const std::string_view text = chunk.view(record);
      if (record.too_large) {
        errors.push_back({"$", fmt::format("a record of more than {} bytes", limits().max_record),
                          fmt::format("at most {} bytes", config_.intake.max_event_bytes)});
      } else if (core::decode_either(text, reader_, decoder_, hints, intake->batch, errors,
                                     warnings)) {
        identify_timeless(intake->batch.events.back(), chunk.offset + record.at);
        lines.push_back(record.line);
        continue;
      }
      const std::string place = fmt::format("{}:{}", file_, record.line);
      hints.position = place;
      intake->refused.push_back(core::refusal(hints, errors, decoder_.unread(text),
                                              config_.intake.dead_letter_body_bytes));
      hints.position = {};
      const std::lock_guard lock(mutex_);
      tally_.rejected += 1;
      tally_.reject(record.line, intake->refused.back().detail);
    }
    return intake;
  }

  // Without a time and without a key an event has no identity but its place in the file. As a key
  // it makes a second import find the first.
  void identify_timeless(core::Event& event, std::uint64_t offset) const {
    if (event.time_source != core::TimeSource::kArrival || event.keyed) return;
    std::string key = fmt::format("{}\n{}\n{}", path_, offset, event.body);
    if (path_.empty()) key += fmt::format("\n{}", core::to_nanos(event.received));
    event.keyed = true;
    event.id = core::make_event_id(event.time, core::key_digest("import", key));
  }

  void enter() {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [this] { return under_way_ < kUnderWay; });
    check();
    ++under_way_;
  }

  void leave(core::CommitStatus status, const core::Intake& intake,
             const std::vector<std::uint64_t>& lines) {
    const std::lock_guard lock(mutex_);
    --under_way_;
    changed_.notify_one();
    if (status != core::CommitStatus::kCommitted) {
      if (failure_ == core::CommitStatus::kCommitted) failure_ = status;
      return;
    }
    for (std::size_t i = 0; i < lines.size(); ++i) {
      const auto verdict = intake.batch.events[i].verdict;
      tally_.stored += verdict == core::Verdict::kStored ? 1 : 0;
      tally_.duplicates += verdict == core::Verdict::kDuplicate ? 1 : 0;
      if (verdict != core::Verdict::kConflict) continue;
      tally_.conflicts += 1;
      tally_.reject(lines[i], "an event with this id and another body is stored already");
    }
  }

  void check() const {
    if (failure_ == core::CommitStatus::kCommitted) return;
    if (failure_ == core::CommitStatus::kBusy) {
      throw ImportFailed(
          "the journal is full (journal.max_bytes) and a required exporter still needs the oldest "
          "events. Hint: run the agent until it has delivered them, or raise journal.max_bytes");
    }
    throw ImportFailed("the disk refused the events: " + journal_.stats().last_error);
  }

  const std::string file_;
  const std::string path_;
  const agent::Overrides overrides_;
  const config::Config config_;
  const std::string agent_;
  const std::string type_;
  const core::SystemClock clock_;
  core::EnvelopeReader reader_;
  core::Decoder decoder_;
  const std::string name_;
  std::mutex mutex_;
  std::condition_variable changed_;
  int under_way_ = 0;                                            // guarded by mutex_, as are
  core::CommitStatus failure_ = core::CommitStatus::kCommitted;  // … the first, and
  Tally tally_;
  journal::Journal journal_;
};

}  // namespace

std::unique_ptr<ImportTarget> journal_target(const ImportOptions& options,
                                             const std::string& path) {
  agent::set_up_logging({.level = "warn", .format = "auto"});
  try {
    return std::make_unique<JournalTarget>(options, path);
  } catch (const journal::DirectoryInUse&) {
    throw ImportFailed("data directory " + options.data_dir +
                       " is in use by a running agent. Hint: import through it, with --url instead "
                       "of --data-dir, or stop it first");
  }
}

}  // namespace kcloud::cli
