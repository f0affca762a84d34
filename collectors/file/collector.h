// Follows log files: reads what is appended, hands it to the journal, and remembers in a registry
// how far the journal has it.
//
// One thread, which calls run(); it blocks on the disk and on inotify. Memory: a read buffer of at
// most max_line_bytes, the batches under way (about 1 MiB each), and what is known of each file.
#pragma once

#include <chrono>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "collectors/file/config.h"
#include "collectors/file/reader.h"
#include "collectors/file/tracker.h"
#include "collectors/file/watcher.h"
#include "core/collector.h"
#include "core/collector_context.h"
#include "core/commit_queue.h"

namespace kcloud::file {

class Collector final : public core::Collector {
 public:
  // No file is touched before run().
  Collector(Config config, core::CollectorContext context, std::uint32_t batch_events);

  // Throws std::runtime_error when an option names what there is not, or the registry cannot be
  // read or written.
  void run(std::stop_token stop, core::EventSink& sink) override;
  core::CollectorReport report() const override;

 private:
  void start();
  steady_clock::time_point next_scan() const;
  void scan_if_due();
  void watch_folders();
  void drain_changes();
  void read_some(core::CommitQueue& queue);
  void turn(const Tracker::StreamPtr& stream);
  void finish(Stream& stream);
  void hand_over(core::CommitQueue& queue);
  void settle_marks(const std::vector<Batch::Mark>& marks);
  void save_if_due();
  void save();
  void wait(core::CommitQueue& queue, int stop_event);
  void publish();
  void complete(Stream& stream) const;
  void problem(const std::string& text);

  const Config config_;
  const core::CollectorContext context_;
  Tracker tracker_;
  Reader reader_;

  // Of run()'s thread; all but the batch outlives a pause.
  bool loaded_ = false;
  std::optional<Watcher> watcher_;
  std::vector<char> buffer_;
  Batch batch_;
  bool scan_wanted_ = true;
  bool unsaved_ = false;
  bool unpublished_ = true;
  steady_clock::time_point last_scan_{}, last_save_{}, last_publish_{}, last_warning_{};
  std::chrono::nanoseconds scan_cost_{0};
  core::Time last_event_{};

  mutable std::mutex mutex_;
  core::CollectorReport report_;  // guarded
};

}  // namespace kcloud::file
