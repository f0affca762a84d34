#include "agent/cli/import.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstdio>
#include <optional>
#include <utility>

#include "agent/cli/import_state.h"
#include "agent/cli/interrupt.h"
#include "agent/cli/transfer.h"
#include "agent/exit_code.h"
#include "agent/startup.h"

namespace kcloud::cli {
namespace {

constexpr std::size_t kShownRejections = 10;
using agent::kExitFailed;

class Import {
 public:
  Import(const ImportOptions& options, ImportTarget& target, std::optional<FileIdentity> file,
         std::stop_token stop)
      : options_(options), target_(target), file_(std::move(file)), stop_(std::move(stop)) {}

  int run() {
    if (file_) resume();
    if (file_ && state_.done && state_.file.size == file_->size) {
      fmt::print("{}: all {} lines were imported already. Hint: --restart imports them again\n",
                 options_.file, grouped(state_.place.line - 1));
      return 0;
    }
    ByteSource source(options_.file);
    transfer_.total_bytes = source.raw_size();
    if (state_.place.offset > 0) {
      display_.say(
          fmt::format("{}: goes on at line {}", options_.file, grouped(state_.place.line)));
    }
    RecordReader reader(source, state_.place, target_.limits(), stop_);
    std::string error;
    try {
      for (bool end = false; !end && !stop_.stop_requested();) {
        Chunk chunk = reader.next();
        end = chunk.end;
        if (stop_.stop_requested()) break;
        error = chunk.error;
        take(std::move(chunk));
      }
      target_.drain();
    } catch (const ImportFailed& failure) {
      error = failure.what();
    }
    return finish(error);
  }

 private:
  void resume() {
    const auto kept = parse_state(target_.load());
    const std::string journal = target_.journal();
    if (!options_.restart && kept && kept->journal == journal && is_continuation(*file_, *kept)) {
      state_ = *kept;
    } else {
      state_.file = *file_;
      state_.journal = journal;
    }
  }

  void take(Chunk chunk) {
    if (first_) transfer_.bytes_before = chunk.raw_position;
    first_ = false;
    transfer_.bytes = chunk.raw_position;
    state_.place = chunk.behind;
    state_.done = chunk.end && chunk.error.empty();
    if (file_ && state_.done) state_.file = *file_;
    target_.take(std::move(chunk), file_ ? to_json(state_) : std::string());
    show(false);
  }

  void show(bool last) {
    const Tally tally = target_.tally();
    transfer_.events = tally.total();
    transfer_.rejected = tally.rejected + tally.conflicts;
    display_.update(transfer_, last);
  }

  int finish(const std::string& error) {
    show(true);
    const Tally tally = target_.tally();
    for (const auto& rejection : tally.first) {
      fmt::print(stderr, "{}:{}: {}\n", options_.file, rejection.line, rejection.reason);
    }
    const std::uint64_t refused = tally.rejected + tally.conflicts;
    if (refused > tally.first.size()) {
      fmt::print(stderr, "… and {} more; GET /dead-letters has them\n",
                 grouped(refused - tally.first.size()));
    }
    const double seconds = std::max(transfer_.elapsed.count(), 1e-9);
    fmt::print(
        "{}: {} stored, {} duplicates, {} conflicts, {} rejected in {:.1f} s ({} events/s)\n",
        options_.file, grouped(tally.stored), grouped(tally.duplicates), grouped(tally.conflicts),
        grouped(tally.rejected), seconds,
        grouped(static_cast<std::uint64_t>(static_cast<double>(tally.total()) / seconds)));
    if (!error.empty()) {
      fmt::print(stderr, "error: {}\n", error);
      return kExitFailed;
    }
    if (stop_.stop_requested()) {
      fmt::print(stderr, "interrupted{}\n", file_ ? "; the same command goes on from here" : "");
      return kExitFailed;
    }
    return refused > 0 ? 1 : 0;
  }

  const ImportOptions& options_;
  ImportTarget& target_;
  std::optional<FileIdentity> file_;
  std::stop_token stop_;
  ImportState state_;
  Transfer transfer_;
  TransferDisplay display_;
  bool first_ = true;
};

}  // namespace

void Tally::reject(std::uint64_t line, std::string reason) {
  if (first.size() < kShownRejections) first.push_back({line, std::move(reason)});
}

int import_events(const ImportOptions& options) {
  if (options.data_dir.empty() && !options.config_file.empty()) {
    fmt::print(stderr, "error: --config goes with --data-dir; a running agent has its own\n");
    return kExitFailed;
  }
  const Interrupt interrupt;
  return agent::guarded([&] {
    if (options.file != "-") ByteSource{options.file};  // before anything is opened or asked
    const auto file = identify(options.file);
    const std::string path = file ? file->path : std::string();
    const auto target = options.data_dir.empty() ? http_target(options, path, interrupt.token())
                                                 : journal_target(options, path);
    return Import(options, *target, file, interrupt.token()).run();
  });
}

}  // namespace kcloud::cli
