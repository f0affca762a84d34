#include "agent/alerting/alerting.h"

#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include <algorithm>
#include <random>

#include "agent/alerting/notices.h"
#include "agent/journal/reader.h"
#include "core/durable_file.h"

namespace kcloud::alerting {
namespace {

using std::chrono::milliseconds;

constexpr milliseconds kReload{10'000};
constexpr std::chrono::days kSilencesKept{30};  // after their end

std::string new_id() {
  std::random_device random;
  return fmt::format("{:08x}-{:04x}-4{:03x}-{:04x}-{:08x}{:04x}", random(), random() & 0xffff,
                     random() & 0xfff, 0x8000 | (random() & 0x3fff), random(), random() & 0xffff);
}

// A file's name for a group: what is no plain character becomes its code, so that two groups have
// two files.
std::string file_name(const std::string& group) {
  std::string name;
  for (const char c : group) {
    const bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                       c == '-' || c == '_';
    plain ? name.push_back(c) : void(name += fmt::format("%{:02x}", static_cast<unsigned char>(c)));
  }
  // A name that ends like that of a file of tests would be taken for one.
  if (name.ends_with("_test")) name.replace(name.size() - 5, 1, "%5f");
  return name + ".yaml";
}

RuleChange refused(RuleChange::Outcome outcome, std::string detail) {
  RuleChange change;
  change.outcome = outcome;
  change.detail = std::move(detail);
  return change;
}

const rules::Rule* find_rule(const rules::RuleSet& set, const rules::Alert& alert) {
  for (const auto& group : set.groups)
    if (group.name == alert.group)
      for (const auto& rule : group.rules)
        if (rule.name == alert.rule) return &rule;
  return nullptr;
}

std::string stale(std::string_view wanted, std::string_view now) {
  return fmt::format("the rules changed meanwhile: If-Match is {}, the set in force {}", wanted,
                     now);
}

}  // namespace

struct Alerting::Running {
  std::shared_ptr<const config::Config> config;
  RuleSources sources;
  std::unique_ptr<Runner> runner;
};

Alerting::Alerting(journal::Journal& journal, const core::Clock& clock, std::string agent)
    : journal_(journal), clock_(clock), agent_(std::move(agent)) {
  for (const auto& stored : journal_.reader()->silences())
    if (auto silence = from_stored(stored)) silences_.push_back(std::move(*silence));
  dispatcher_ = std::make_unique<Dispatcher>(journal_, clock_, sources());
}

Alerting::~Alerting() { stop(std::chrono::steady_clock::now()); }

// What the notifiers ask.
Sources Alerting::sources() const {
  Sources sources;
  sources.active = [this] {
    const auto seen = view();
    return seen ? seen->alerts : std::vector<rules::Alert>();
  };
  sources.ready = [this] {
    const auto seen = view();
    return seen && seen->ready;
  };
  sources.silenced = [this](const rules::Alert& alert) {
    return !silenced_by(silences(), alert.labels, clock_.now()).empty();
  };
  sources.tells = [this](const rules::Alert& alert, const std::string& notifier) {
    const auto seen = view();
    const auto* rule = seen ? find_rule(*seen->set.rules, alert) : nullptr;
    return rule == nullptr || rule->notify.empty() ||
           std::ranges::find(rule->notify, notifier) != rule->notify.end();
  };
  return sources;
}

void Alerting::start(std::shared_ptr<const config::Config> config,
                     std::shared_ptr<delivery::EventFeed> feed) {
  const auto before = view();
  halt();
  if (!config->alerting.enabled) return dispatcher_->start({});
  auto started = std::make_shared<Running>();
  started->config = config;
  started->sources = {config->alerting.default_rules, config->alerting.rules_directory,
                      std::filesystem::path(config->agent.data_dir) / "rules"};
  Runner::Options options;
  options.agent = agent_;
  options.data_dir = config->agent.data_dir;
  options.sources = started->sources;
  if (before) options.former = before->set.files;
  options.config = config;
  options.feed = std::move(feed);
  options.snapshot_interval = config->alerting.snapshot_interval;
  options.notices = [this, config](const rules::Transition& transition, const rules::RuleSet& set) {
    const auto* rule = find_rule(set, transition.alert);
    return notices_of(transition, config->alerting,
                      rule == nullptr ? std::span<const std::string>() : rule->notify,
                      clock_.now());
  };
  options.committed = [this] { dispatcher_->wake(); };
  started->runner = std::make_unique<Runner>(std::move(options), journal_, clock_);
  {
    const std::scoped_lock lock(mutex_);
    running_ = started;
  }
  started->runner->start();
  dispatcher_->start(config->alerting);
}

void Alerting::halt() {
  std::shared_ptr<Running> stopped;
  {
    const std::scoped_lock lock(mutex_);
    stopped.swap(running_);
  }
  if (stopped) stopped->runner->stop();
}

void Alerting::stop(std::chrono::steady_clock::time_point deadline) {
  halt();
  dispatcher_->stop(deadline);
}

std::vector<NotifierView> Alerting::notifiers() const { return dispatcher_->views(); }

std::shared_ptr<Alerting::Running> Alerting::running() const {
  const std::scoped_lock lock(mutex_);
  return running_;
}

std::shared_ptr<const View> Alerting::view() const {
  const auto now = running();
  return now ? now->runner->view() : nullptr;
}

std::vector<ParsedSilence> Alerting::silences() const {
  const std::scoped_lock lock(mutex_);
  return silences_;
}

// Whether the posted text fits beside all other files; `groups` are its own.
RuleChange Alerting::check(const Running& running, const std::string& name,
                           std::string_view text) const {
  RuleChange change;
  const std::string path = (running.sources.posted / name).string();
  auto read = read_rules(running.sources);
  std::erase_if(read.files, [&](const rules::RuleFile& file) { return file.name == path; });
  read.files.push_back({path, std::string(text)});
  const auto loaded = rules::load(read.files, running.config->catalogue);
  for (const auto& problem : loaded.problems)
    if (problem.file == path) change.problems.push_back(problem);
  if (!change.problems.empty()) change.outcome = RuleChange::Outcome::kBad;
  return change;
}

RuleChange Alerting::post_rules(std::string_view text, std::string_view if_match, bool dry_run) {
  const std::scoped_lock one(changes_);
  const auto now = running();
  if (!now) return refused(RuleChange::Outcome::kFailed, "alerting is not enabled");
  const auto view = now->runner->view();
  if (!if_match.empty() && if_match != view->set.hash)
    return refused(RuleChange::Outcome::kStale, stale(if_match, view->set.hash));
  // Alone first: what it holds, whatever the others have.
  const auto alone = rules::load({{"(posted)", std::string(text)}}, now->config->catalogue);
  if (!alone.problems.empty() || !alone.rules || alone.rules->groups.empty()) {
    RuleChange change = refused(RuleChange::Outcome::kBad, "the rules are not taken");
    change.problems = alone.problems;
    if (change.problems.empty())
      change.problems.push_back({"(posted)", 0, 0, "no group of rules; expected `groups`"});
    return change;
  }
  const std::string name = file_name(alone.rules->groups.front().name);
  const std::string path = (now->sources.posted / name).string();
  for (const auto& group : view->set.rules->groups)
    for (const auto& posted : alone.rules->groups)
      if (group.name == posted.name && group.file != path)
        return refused(RuleChange::Outcome::kConflict,
                       fmt::format("group `{}` is in {}: change it there, or give this one "
                                   "another name",
                                   group.name, group.file));
  RuleChange change = check(*now, name, text);
  for (const auto& group : alone.rules->groups) change.groups.push_back(group.name);
  if (change.outcome != RuleChange::Outcome::kDone) return change;
  if (dry_run) {
    change.outcome = RuleChange::Outcome::kChecked;
    change.rules = alone.rules;
    return change;
  }
  try {
    std::filesystem::create_directories(now->sources.posted);
    core::write_durably(path, text, 0644);
  } catch (const std::exception& error) {
    return refused(RuleChange::Outcome::kFailed, error.what());
  }
  const auto after = now->runner->reload(kReload);
  if (after->set.problems.empty()) return change;
  change.outcome = RuleChange::Outcome::kKept;
  change.detail =
      "kept, and in force once the other files are right: " + after->set.problems.front();
  return change;
}

RuleChange Alerting::remove_rules(const std::string& group, std::string_view if_match) {
  const std::scoped_lock one(changes_);
  const auto now = running();
  if (!now) return refused(RuleChange::Outcome::kFailed, "alerting is not enabled");
  const auto view = now->runner->view();
  if (!if_match.empty() && if_match != view->set.hash)
    return refused(RuleChange::Outcome::kStale, stale(if_match, view->set.hash));
  const auto& groups = view->set.rules->groups;
  const auto found = std::ranges::find(groups, group, &rules::Group::name);
  if (found == groups.end())
    return refused(RuleChange::Outcome::kUnknown, fmt::format("there is no group `{}`", group));
  const std::filesystem::path file = found->file;
  if (file.parent_path() != now->sources.posted)
    return refused(
        RuleChange::Outcome::kConflict,
        file.string().starts_with("defaults/")
            ? fmt::format("group `{}` comes with the agent: `alerting.default_rules: false` leaves "
                          "these out",
                          group)
            : fmt::format("group `{}` is in {}: remove it there", group, found->file));
  RuleChange change;
  for (const auto& one_group : groups)
    if (one_group.file == found->file) change.groups.push_back(one_group.name);
  try {
    core::remove_durably(file);
  } catch (const std::exception& error) {
    return refused(RuleChange::Outcome::kFailed, error.what());
  }
  now->runner->reload(kReload);
  return change;
}

bool Alerting::put_silence(ParsedSilence& silence) {
  if (silence.id.empty()) silence.id = new_id();
  const core::Time forget_before = clock_.now() - kSilencesKept;
  if (journal_.put_silence(to_stored(silence), forget_before) != core::CommitStatus::kCommitted)
    return false;
  {
    const std::scoped_lock lock(mutex_);
    std::erase_if(silences_, [&](const ParsedSilence& known) {
      return known.id == silence.id || known.ends < forget_before;
    });
    silences_.push_back(silence);
  }
  dispatcher_->wake();
  return true;
}

std::optional<bool> Alerting::expire_silence(const std::string& id) {
  std::optional<ParsedSilence> found;
  for (auto& silence : silences())
    if (silence.id == id) found = std::move(silence);
  if (!found) return std::nullopt;
  const auto now = clock_.now();
  found->ends = std::min(found->ends, now);
  found->starts = std::min(found->starts, found->ends);
  return put_silence(*found);
}

}  // namespace kcloud::alerting
