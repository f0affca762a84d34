#include "collectors/file/collector.h"

#include <fmt/format.h>
#include <poll.h>
#include <spdlog/spdlog.h>
#include <sys/eventfd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <functional>
#include <stdexcept>
#include <utility>

#include "collectors/file/kubernetes.h"

namespace kcloud::file {
namespace {

using namespace std::chrono_literals;
using std::chrono::milliseconds;

constexpr std::size_t kUnderWay = 4;
constexpr std::size_t kChunk = 256 << 10;
constexpr auto kSaveInterval = 1s;
constexpr auto kPublishInterval = 200ms;
constexpr auto kWarnInterval = 1min;
constexpr auto kLeastScanInterval = 10ms;

Config absolute(Config config) {
  for (std::string& glob : config.paths)
    glob = std::filesystem::absolute(glob).lexically_normal().string();
  for (std::string& glob : config.exclude)
    if (glob.find('/') != std::string::npos)
      glob = std::filesystem::absolute(glob).lexically_normal().string();
  return config;
}

}  // namespace

Collector::Collector(Config config, core::CollectorContext context, std::uint32_t batch_events)
    : config_(absolute(std::move(config))),
      context_(std::move(context)),
      tracker_(config_, context_.name, context_.state_dir, *context_.clock,
               [this](Stream& stream) { complete(stream); }),
      reader_(config_, context_, batch_events) {}

// What the events of a file have by its path.
void Collector::complete(Stream& stream) const {
  const auto container = container_of(stream.at.base);
  if (container) stream.source = source_of(*container);
  for (const auto& [glob, name] : config_.path_types) {
    if (!matches(glob, stream.at.base)) continue;
    const auto* type = context_.catalogue->find_endpoint(name);
    stream.type = type != nullptr ? type->name : name;
    return;
  }
}

void Collector::run(std::stop_token stop, core::EventSink& sink) {
  const Descriptor stopped(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
  if (!stopped) throw std::runtime_error("cannot make an eventfd: too many open files?");
  const std::stop_callback wake(stop, [&] { ::eventfd_write(stopped.get(), 1); });
  start();
  core::CommitQueue queue(sink, kUnderWay);
  while (!stop.stop_requested() && !queue.stopped()) {
    queue.settle();
    drain_changes();
    scan_if_due();
    save_if_due();
    read_some(queue);
    publish();
    const bool blocked = queue.full() || queue.turned_away();
    if (tracker_.idle() || blocked) wait(queue, stopped.get());
  }
  queue.finish(1s);
  save();
  last_publish_ = {};
  unpublished_ = true;
  publish();
}

void Collector::start() {
  if (!std::exchange(loaded_, true)) tracker_.load();
  batch_ = Batch();
  for (const auto& stream : tracker_.streams()) {
    stream->rewind();
    if (stream->held() && !stream->at.finished) tracker_.wake(stream);
  }
  watcher_.emplace(config_.watch == "inotify");
  if (config_.watch == "inotify" && !watcher_->active())
    problem(
        fmt::format("inotify cannot be used ({}): files are looked at every {} ms. Hint: raise "
                    "fs.inotify.max_user_instances",
                    std::strerror(errno), config_.poll_interval.count()));
  scan_wanted_ = true;
  last_scan_ = {};
  scan_if_due();
  save();
  const auto held = std::count_if(tracker_.streams().begin(), tracker_.streams().end(),
                                  [](const auto& stream) { return stream->held(); });
  spdlog::info("collector {}: following {} files", context_.name, held);
}

steady_clock::time_point Collector::next_scan() const {
  // Many changes of names, many files: looking takes a tenth of the time at most.
  const auto least = std::max<std::chrono::nanoseconds>(kLeastScanInterval, 10 * scan_cost_);
  if (scan_wanted_) return last_scan_ + least;
  const auto soon = std::max<milliseconds>(50ms, config_.rotate_wait / 4);
  return last_scan_ +
         (tracker_.restless() ? std::min(soon, config_.poll_interval) : config_.poll_interval);
}

void Collector::scan_if_due() {
  const auto now = steady_clock::now();
  if (now < next_scan()) return;
  scan_wanted_ = false;
  watch_folders();
  tracker_.scan(now);
  watch_folders();
  last_scan_ = steady_clock::now();
  scan_cost_ = last_scan_ - now;
  unpublished_ = true;
  unsaved_ = unsaved_ || tracker_.has_fresh();
  if (!tracker_.problem().empty()) problem(tracker_.problem());
  const std::lock_guard lock(mutex_);
  report_.connected = tracker_.problem().empty();
}

void Collector::watch_folders() {
  if (!watcher_->active()) return;
  for (const std::string& folder : tracker_.folders()) {
    if (watcher_->watch(folder) || errno == ENOENT) continue;
    problem(
        fmt::format("{} cannot be watched ({}): its files are looked at every {} ms. Hint: raise "
                    "fs.inotify.max_user_watches",
                    folder, std::strerror(errno), config_.poll_interval.count()));
  }
}

void Collector::drain_changes() {
  const auto changes = watcher_->drain([this](const std::string& path) { tracker_.wake(path); });
  if (changes.names || changes.overflow) scan_wanted_ = true;
  if (!changes.overflow) return;
  for (const auto& stream : tracker_.streams())
    if (stream->held() && !stream->at.finished) tracker_.wake(stream);
}

// Reads until there is nothing more, a batch is handed over or the queue is full.
void Collector::read_some(core::CommitQueue& queue) {
  while (!queue.full() && !queue.turned_away()) {
    const auto stream = reader_.full(batch_) ? nullptr : tracker_.next();
    if (stream == nullptr) return hand_over(queue);
    turn(stream);
  }
}

void Collector::turn(const Tracker::StreamPtr& stream) {
  Stream& s = *stream;
  if (!s.held()) return;
  tracker_.make_room(s);
  unpublished_ = true;
  std::size_t most = kChunk;
  while (true) {
    const Chunk chunk = read_chunk(s, buffer_, most);
    switch (chunk.status) {
      case Chunk::Status::kBehind:
        return tracker_.wake(stream);
      case Chunk::Status::kReplaced:
        tracker_.replaced(stream, steady_clock::now());
        scan_wanted_ = true;
        return;
      case Chunk::Status::kMoved:
        scan_wanted_ = true;
        return;
      case Chunk::Status::kFailed:
        return problem(
            fmt::format("{} cannot be read ({}); it is tried again. Hint: the agent's "
                        "user must be allowed to",
                        s.at.path, std::strerror(errno)));
      case Chunk::Status::kText:
        break;
    }
    s.at.size = s.sure_size = std::max(s.at.size, s.read.offset + chunk.text.size());
    const bool took = reader_.take(s, chunk, batch_);
    if (!took && !chunk.end && !reader_.full(batch_) && most <= reader_.max_line()) {
      most = reader_.max_line() + 2;  // a long line: it has to lie in one piece
      continue;
    }
    s.at_end = chunk.end && !reader_.full(batch_);
    if (s.at_end && (s.finishing || (s.compressed && s.rotated))) {
      const Chunk rest = read_chunk(s, buffer_, reader_.max_line() + 2);
      if (rest.status == Chunk::Status::kText) reader_.take_rest(s, rest, batch_);
      if (chunk.damaged)
        spdlog::error(
            "collector {}: {} is damaged behind byte {} of its content: the rest cannot "
            "be read",
            context_.name, s.at.path, s.read.offset);
      finish(s);
    }
    batch_.mark(stream);
    if (!s.at_end) tracker_.wake(stream);
    return;
  }
}

void Collector::finish(Stream& stream) {
  stream.finishing = false;
  stream.at.finished = true;
  if (!stream.deleted) stream.close();
  spdlog::debug("collector {}: {} was read to its end, {} bytes", context_.name, stream.at.path,
                stream.read.offset);
}

void Collector::hand_over(core::CommitQueue& queue) {
  if (batch_.marks.empty()) return;
  if (!batch_.has_events()) {
    // Nothing to store: read as far as this once all before it is stored.
    batch_.lines = 0;
    batch_.intake->payload_bytes = 0;
    if (!queue.empty()) return;
    settle_marks(batch_.marks);
    batch_ = Batch();
    return;
  }
  // Ids of events may name their stream: it must be found again after a crash.
  if (std::any_of(batch_.marks.begin(), batch_.marks.end(),
                  [](const Batch::Mark& mark) { return mark.stream->fresh; })) {
    save();
  }
  last_event_ = context_.clock->now();
  Batch batch = std::exchange(batch_, Batch());
  queue.submit(std::move(batch.intake), [this, marks = std::move(batch.marks)](
                                            const core::Intake&) { settle_marks(marks); });
}

void Collector::settle_marks(const std::vector<Batch::Mark>& marks) {
  for (const Batch::Mark& mark : marks) mark.stream->at.place = mark.place;
  unsaved_ = unpublished_ = true;
}

void Collector::save_if_due() {
  if (unsaved_ && steady_clock::now() - last_save_ >= kSaveInterval) save();
}

void Collector::save() {
  tracker_.save();
  unsaved_ = false;
  last_save_ = steady_clock::now();
}

void Collector::wait(core::CommitQueue& queue, int stop_event) {
  const auto now = steady_clock::now();
  auto until = next_scan();
  if (unpublished_) until = std::min(until, last_publish_ + kPublishInterval);
  if (unsaved_) until = std::min(until, last_save_ + kSaveInterval);
  const auto left = std::max(0ns, std::chrono::nanoseconds(until - now));
  auto timeout = std::chrono::ceil<milliseconds>(left);
  if (queue.turned_away()) return queue.wait(std::min(timeout, milliseconds(100)), {});
  std::array<pollfd, 3> events{{{stop_event, POLLIN, 0},
                                {queue.descriptor(), POLLIN, 0},
                                {watcher_->descriptor(), POLLIN, 0}}};
  // While the queue is full nothing can be read: changes of files wait.
  const nfds_t count = queue.full() ? 2 : events.size();
  ::poll(events.data(), count, static_cast<int>(timeout.count()));
}

void Collector::problem(const std::string& text) {
  const auto now = steady_clock::now();
  bool news = false;
  {
    const std::lock_guard lock(mutex_);
    news = report_.last_error != text;
    report_.last_error = text;
    report_.last_error_time = context_.clock->now();
  }
  if (!news && now - last_warning_ < kWarnInterval) return;
  last_warning_ = now;
  spdlog::warn("collector {}: {}", context_.name, text);
}

void Collector::publish() {
  const auto now = steady_clock::now();
  if (!unpublished_ || now - last_publish_ < kPublishInterval) return;
  unpublished_ = false;
  last_publish_ = now;
  double files = 0, open = 0, unread = 0;
  for (const auto& stream : tracker_.streams()) {
    open += stream->open() ? 1 : 0;
    if (stream->at.finished) continue;
    files += stream->held() ? 1 : 0;
    if (!stream->compressed && !stream->reported)
      unread +=
          static_cast<double>(stream->at.size - std::min(stream->at.size, stream->read.offset));
  }
  using Kind = core::Measure::Kind;
  const auto total = [](std::uint64_t count) { return static_cast<double>(count); };
  const auto& seen = tracker_.counters();
  const auto& read = reader_.counters();
  std::vector<core::Measure> measures{
      {"files", "Files that are followed", Kind::kGauge, files},
      {"open_files", "Files that are open", Kind::kGauge, open},
      {"lag_bytes", "Bytes of followed files that were not read yet", Kind::kGauge, unread},
      {"lines_total", "Lines read", Kind::kCounter, total(read.lines)},
      {"skipped_lines_total", "Lines that are no events", Kind::kCounter, total(read.skipped)},
      {"long_lines_total", "Lines longer than max_line_bytes", Kind::kCounter,
       total(read.too_long)},
      {"rotations_total", "Files that were renamed by rotation", Kind::kCounter,
       total(seen.rotations)},
      {"truncations_total", "Files that were truncated or replaced in place", Kind::kCounter,
       total(seen.truncations)},
      {"lost_bytes_total", "Bytes that were gone before they were read", Kind::kCounter,
       total(seen.lost_bytes)}};
  const std::lock_guard lock(mutex_);
  report_.measures = std::move(measures);
  report_.last_event_time = last_event_;
}

core::CollectorReport Collector::report() const {
  const std::lock_guard lock(mutex_);
  return report_;
}

}  // namespace kcloud::file
