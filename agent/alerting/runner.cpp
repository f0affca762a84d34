#include "agent/alerting/runner.h"

#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include <algorithm>

#include "agent/alerting/runner_impl.h"
#include "core/hex.h"
#include "core/sha256.h"
#include "core/thread_name.h"

namespace kcloud::alerting {
namespace {

constexpr std::size_t kBatchEvents = 1000;
constexpr std::size_t kBatchBytes = std::size_t{1} << 20;
constexpr milliseconds kLook{1000};     // between looks at the rule files
constexpr milliseconds kCommit{1000};   // of a cursor alone
constexpr milliseconds kPublish{1000};  // of values that changed without a transition
constexpr milliseconds kTrouble{1000};
constexpr std::chrono::hours kMostAhead{24};  // that a publisher's clock may be

std::string hash_of(const std::vector<rules::RuleFile>& files) {
  core::Sha256Hasher hasher;
  std::string all;
  for (const auto& file : files)
    all += fmt::format("{} {}\n{}\n{}", file.name.size(), file.text.size(), file.name, file.text);
  return core::to_hex(hasher.hash(all));
}

std::shared_ptr<const rules::RuleSet> no_rules(const config::Config& config) {
  auto none = std::make_shared<rules::RuleSet>();
  none->catalogue = config.catalogue;
  return none;
}

void warn_of_unknown_notifiers(const rules::RuleSet* set, const config::AlertingConfig& alerting) {
  if (set == nullptr) return;
  for (const auto& group : set->groups)
    for (const auto& rule : group.rules)
      for (const auto& name : rule.notify)
        if (std::ranges::find(alerting.notifiers, name, &config::NotifierConfig::name) ==
            alerting.notifiers.end())
          spdlog::warn("rules: {} is to be told to `{}`, which is no notifier of the configuration",
                       rule.name, name);
}

}  // namespace

Runner::Impl::Impl(Options given, journal::Journal& to_read, const core::Clock& wall)
    : options(std::move(given)),
      snapshot_path(options.data_dir / "rules.snapshot"),
      journal(to_read),
      clock(wall),
      events(options.feed ? options.feed : std::make_shared<delivery::EventFeed>(0)),
      decoder(*options.config->catalogue, config::stored_options(*options.config)),
      set(load()),
      engine(set.rules ? set.rules : no_rules(*options.config)) {
  keep_former();
  if (!set.rules) set.rules = no_rules(*options.config);
  files_seen = fingerprint(options.sources);
  for (const auto& problem : set.problems) spdlog::error("rules: {}", problem);
  publish();
}

RuleSetView Runner::Impl::load() const {
  auto read = read_rules(options.sources);
  auto loaded = rules::load(read.files, options.config->catalogue);
  RuleSetView found;
  found.rules = loaded.rules;
  found.hash = hash_of(read.files);
  found.files = std::move(read.files);
  found.loaded = clock.now();
  for (const auto* problems : {&read.problems, &loaded.problems})
    for (const auto& problem : *problems) found.problems.push_back(problem.to_string());
  found.bad_files = std::move(loaded.bad_files);
  warn_of_unknown_notifiers(found.rules.get(), options.config->alerting);
  return found;
}

// A bad file changes nothing, also when the configuration is loaded anew.
void Runner::Impl::keep_former() {
  if (set.problems.empty() || options.former.empty()) return;
  auto loaded = rules::load(options.former, options.config->catalogue);
  if (!loaded.ok() || !loaded.rules) return;
  set.rules = std::move(loaded.rules);
  set.files = options.former;
  set.hash = hash_of(set.files);
  engine = rules::Engine(set.rules);
}

void Runner::Impl::run(std::stop_token stop) {
  while (!stop.stop_requested()) {
    try {
      if (!opened) open(stop);
      if (opened) work(stop);
    } catch (const std::exception& error) {
      reader.reset();
      events->forget();
      fail(error.what(), stop);
    }
  }
  try {
    if (opened && commit(stop)) snapshot();
  } catch (const std::exception& error) {
    spdlog::error("rules: the state was not kept: {}", error.what());
  }
  const std::scoped_lock lock(mutex);
  ended = true;
  wake.notify_all();
}

void Runner::Impl::work(std::stop_token stop) {
  look_for_changes(stop);
  const std::uint64_t head = journal.head();
  core::EventBatch batch;
  std::uint64_t to = seq;
  if (head > seq) {
    to = read(seq, head, batch);
    if (batch.events.empty()) to = head;  // what a read does not show is gone
  }
  feed_engine(batch);
  seq = to;
  caught_up = seq >= head;
  // While it is behind, the arrival of what it reads is its clock; also for a while after the
  // start, as collectors have their backlog to bring.
  if (caught_up && steady_clock::now() >= settled)
    advance(frontier.at(clock.now()));
  else if (!batch.events.empty())
    advance(frontier.at(batch.events.back().received));
  const auto now = steady_clock::now();
  const bool due = now >= next_commit && (seq != committed_seq || !steps.empty());
  if ((!pending.empty() || due) && !commit(stop)) return;
  if (now >= next_publish) publish();
  if (now >= next_snapshot && (step != snapshot_step || seq != snapshot_seq)) snapshot();
  last_error.clear();
  if (caught_up) wait(stop);
}

// Until an event comes, the next second begins or somebody asks for a reload.
void Runner::Impl::wait(std::stop_token stop) {
  std::stop_source until;
  {
    const std::scoped_lock lock(mutex);
    if (asked != answered) return;
    waiting = until;
  }
  const std::stop_callback end(stop, [&until] { until.request_stop(); });
  const auto now = clock.now();
  const auto next = std::chrono::floor<std::chrono::seconds>(now) + std::chrono::seconds(1);
  journal.wait_beyond(seq, std::chrono::ceil<milliseconds>(next - now), until.get_token());
}

std::uint64_t Runner::Impl::read(std::uint64_t after, std::uint64_t to, core::EventBatch& batch) {
  if (!reader) reader = journal.reader();
  const auto end = events->read_after(
      after, std::min<std::uint64_t>(kBatchEvents, to - after), kBatchBytes, batch,
      [this](std::uint64_t from, std::size_t most, std::size_t bytes, core::EventBatch& block) {
        const auto last = reader->read_after(from, most, bytes, block);
        for (auto& event : block.events) decoder.decode_fields(event, block);
        return last;
      });
  std::erase_if(batch.events, [&](const core::Event& event) { return event.seq > to; });
  return std::min(end, to);
}

void Runner::Impl::feed_engine(const core::EventBatch& batch) {
  for (const auto& event : batch.events) {
    engine.add(event, pending);
    frontier.add(event);
  }
}

// In whole seconds, so that a step is kept at most once a second of event time.
void Runner::Impl::advance(core::Time to) {
  to = std::chrono::floor<std::chrono::seconds>(to);
  if (to <= reached) return;
  reached = to;
  engine.advance(to, pending);
  steps.push_back({++step, seq, to});
}

void Runner::Impl::look_for_changes(const std::stop_token& stop) {
  std::uint64_t wanted = 0;
  bool at_once = false;
  {
    const std::scoped_lock lock(mutex);
    wanted = asked;
    at_once = asked != answered;
  }
  const auto now = steady_clock::now();
  if (!at_once && now < next_look) return;
  next_look = now + kLook;
  auto seen = fingerprint(options.sources);
  // A file that is being written is another one at the next look.
  const bool changed = seen != files_seen;
  if (at_once || (changed && files_changed == seen)) {
    files_changed.reset();
    files_seen = std::move(seen);
    swap(load(), stop);
  } else {
    files_changed = changed ? std::optional(std::move(seen)) : std::nullopt;
  }
  const std::scoped_lock lock(mutex);
  answered = wanted;
  wake.notify_all();
}

// All of it or nothing: a bad file changes nothing.
void Runner::Impl::swap(RuleSetView wanted, const std::stop_token& stop) {
  if (!wanted.problems.empty()) {
    for (const auto& problem : wanted.problems) spdlog::error("rules: {}", problem);
    spdlog::error("rules: the rules in force were not changed, {} problems",
                  wanted.problems.size());
    set.problems = std::move(wanted.problems);
    set.bad_files = std::move(wanted.bad_files);
    publish();
    return;
  }
  const bool same = wanted.hash == set.hash && set.problems.empty();
  if (!wanted.rules) wanted.rules = no_rules(*options.config);
  set = std::move(wanted);
  if (!same) {
    // What fired on arrival is younger than the frontier.
    engine.replace(set.rules, caught_up ? std::max(reached, clock.now()) : reached, pending);
    opened = false;  // until the new windows are full: else they are filled by recovering
    fill(stop);
    if (stop.stop_requested()) return;
    opened = true;
    snapshot();
    std::size_t count = 0;
    for (const auto& group : set.rules->groups) count += group.rules.size();
    spdlog::info("rules: {} rules of {} files are in force, {}", count, set.files.size(),
                 set.hash.substr(0, 8));
  }
  publish();
}

// New windows get their past from the journal.
void Runner::Impl::fill(const std::stop_token& stop) {
  const auto wanted = engine.wants_past();
  if (wanted.count() == 0) return;
  if (!reader) reader = journal.reader();
  core::EventBatch batch;
  for (auto at = journal::position_of_arrival(*reader, reached - wanted - kMostAhead);
       at < seq && !stop.stop_requested();) {
    batch.clear();
    const auto end = reader->read_after(at, kBatchEvents, kBatchBytes, batch);
    if (end <= at) break;
    at = end;
    for (auto& event : batch.events) {
      if (event.seq > seq || event.time < reached - wanted) continue;
      decoder.decode_fields(event, batch);
      engine.fill(event);
    }
  }
}

void Runner::Impl::publish() {
  auto next = std::make_shared<View>();
  next->set = set;
  next->alerts = engine.active();
  next->status = engine.status();
  next->seq = seq;
  next->frontier = reached;
  next->late = engine.late_events();
  next->future = engine.future_events();
  next->transitions = transitions;
  next->bytes = engine.bytes();
  next->ready = opened;
  next->last_error = last_error;
  next_publish = steady_clock::now() + kPublish;
  const std::scoped_lock lock(mutex);
  view = std::move(next);
}

// Trouble on this machine: said, then waited out.
void Runner::Impl::fail(const std::string& what, std::stop_token stop) {
  if (last_error != what) spdlog::warn("rules: {}; nothing is lost, trying again", what);
  last_error = what;
  publish();
  std::unique_lock lock(mutex);
  wake.wait_for(lock, stop, kTrouble, [] { return false; });
}

Runner::Runner(Options options, journal::Journal& journal, const core::Clock& clock)
    : impl_(std::make_unique<Impl>(std::move(options), journal, clock)) {}

Runner::~Runner() { stop(); }

void Runner::start() {
  impl_->thread = std::jthread([impl = impl_.get()](std::stop_token stop) {
    core::name_thread("rules");
    impl->run(stop);
  });
}

void Runner::stop() {
  if (!impl_->thread.joinable()) return;
  impl_->thread.request_stop();
  impl_->thread.join();
}

std::shared_ptr<const View> Runner::view() const {
  const std::scoped_lock lock(impl_->mutex);
  return impl_->view;
}

std::shared_ptr<const View> Runner::reload(milliseconds timeout) {
  std::unique_lock lock(impl_->mutex);
  const auto mine = ++impl_->asked;
  impl_->waiting.request_stop();
  impl_->wake.wait_for(lock, timeout, [&] { return impl_->answered >= mine || impl_->ended; });
  return impl_->view;
}

}  // namespace kcloud::alerting
