// bench_rules: what rules cost. The demo fleet's history through the engine, beside what decoding
// the same events costs; how long a changed set takes; what 100,000 groups hold. One thread; CPU
// time. Prints one JSON object.
#include <fmt/format.h>
#include <sys/resource.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <ctime>
#include <fstream>
#include <iostream>
#include <random>
#include <set>

#include "agent/cli/demo_history.h"
#include "bench/rules/rule_files.h"
#include "config/config.h"
#include "core/decode.h"
#include "rules/engine.h"
#include "rules/frontier.h"
#include "rules/load.h"

namespace {

using namespace kcloud;

struct Options {
  std::uint64_t events = 200'000;
  std::uint64_t groups = 100'000;
  std::uint32_t rounds = 3;
  std::uint64_t print = 0;
};

double cpu_seconds() {
  timespec now{};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
  return static_cast<double>(now.tv_sec) + static_cast<double>(now.tv_nsec) / 1e9;
}

// Anonymous memory that is resident, in bytes.
std::uint64_t anonymous_bytes() {
  std::ifstream status("/proc/self/status");
  for (std::string word; status >> word;) {
    std::uint64_t kib = 0;
    if (word == "RssAnon:" && status >> kib) return kib * 1024;
  }
  return 0;
}

std::shared_ptr<const core::Catalogue> catalogue() {
  config::Problems problems;
  auto made = config::parse_catalogue(std::string(config::embedded_event_types()),
                                      "event-types.yaml", problems);
  if (!made) throw std::runtime_error(problems.front().to_string());
  return made;
}

std::shared_ptr<const rules::RuleSet> load(const std::string& text,
                                           const std::shared_ptr<const core::Catalogue>& types) {
  const auto loaded = rules::load({{"bench.yaml", text}}, types);
  if (!loaded.ok()) throw std::runtime_error(loaded.problems.front().to_string());
  return loaded.rules;
}

// A week of the demo fleet, with their fields, and what decoding them took.
struct History {
  core::EventBatch batch;
  double decode_ns = 0;  // an event
  std::vector<std::string> clusters;
};

void tell(History& history, std::uint64_t events, const core::Catalogue& types) {
  cli::HistoryOptions wanted;
  wanted.until = core::parse_time("2025-03-01T00:00:00Z", core::Zone())->time;
  wanted.since = wanted.until - std::chrono::hours(24 * 7);
  wanted.per_day = static_cast<double>(events) / 7;
  cli::History told(wanted);
  std::vector<std::string> bodies;
  while (auto body = told.next()) bodies.push_back(std::move(*body));
  core::Decoder decoder(types, {});
  std::vector<core::FieldError> errors;
  std::vector<std::string_view> warnings;
  core::TransportHints hints;
  hints.collector = "webhook";
  hints.agent = "bench";
  const double begin = cpu_seconds();
  for (const auto& body : bodies) {
    hints.received = wanted.until;
    if (!decoder.decode(body, hints, history.batch, errors, warnings))
      throw std::runtime_error("the demo's event does not fit the catalogue: " +
                               errors.front().problem);
  }
  history.decode_ns = (cpu_seconds() - begin) * 1e9 / static_cast<double>(bodies.size());
  std::set<std::string> clusters;
  for (auto& event : history.batch.events) {
    event.received = event.time;
    if (!event.cluster.empty()) clusters.emplace(event.cluster);
  }
  history.clusters.assign(clusters.begin(), clusters.end());
}

struct Run {
  double ns = 0;  // an event, evaluation included
  std::size_t transitions = 0;
};

// As the agent does it: the event, then what is due up to the whole second.
Run run(const History& history, const std::shared_ptr<const rules::RuleSet>& set) {
  rules::Engine engine(set);
  rules::Frontier frontier;
  std::vector<rules::Transition> out;
  Run run;
  core::Time reached{};
  const double begin = cpu_seconds();
  for (const auto& event : history.batch.events) {
    engine.add(event, out);
    frontier.add(event);
    const auto to = std::chrono::floor<std::chrono::seconds>(frontier.at(event.received));
    if (to > reached) engine.advance(reached = to, out);
    run.transitions += out.size();
    out.clear();
  }
  run.ns = (cpu_seconds() - begin) * 1e9 / static_cast<double>(history.batch.events.size());
  return run;
}

// The events within one second each: what each costs where thousands come a second, and evaluation
// is shared by them.
Run run_dense(const History& history, const std::shared_ptr<const rules::RuleSet>& set,
              std::size_t a_second) {
  rules::Engine engine(set);
  std::vector<rules::Transition> out;
  Run run;
  core::Time now = history.batch.events.front().time;
  std::size_t count = 0;
  const double begin = cpu_seconds();
  for (core::Event event : history.batch.events) {
    event.time = event.received = now;
    engine.add(event, out);
    if (++count % a_second == 0) engine.advance(now += std::chrono::seconds(1), out);
    run.transitions += out.size();
    out.clear();
  }
  run.ns = (cpu_seconds() - begin) * 1e9 / static_cast<double>(history.batch.events.size());
  return run;
}

template <class Measure>
double median(std::uint32_t rounds, const Measure& measure) {
  std::vector<double> all;
  for (std::uint32_t i = 0; i < rounds; ++i) all.push_back(measure());
  std::ranges::sort(all);
  return all[all.size() / 2];
}

// Reading and checking the files, and the change itself under windows that are full.
std::pair<double, double> reload(const Options& options, const History& history,
                                 const std::shared_ptr<const core::Catalogue>& types) {
  rules::Engine engine(load(bench::fleet_rules(2000, history.clusters, 5), types));
  std::vector<rules::Transition> out;
  for (const auto& event : history.batch.events) engine.add(event, out);
  double check = 0;
  int threshold = 6;
  const double whole = median(options.rounds, [&] {
    const std::string text = bench::fleet_rules(2000, history.clusters, threshold++);
    const double begin = cpu_seconds();
    const auto set = load(text, types);
    check = cpu_seconds() - begin;
    engine.replace(set, history.batch.events.back().time, out);
    out.clear();
    return (cpu_seconds() - begin) * 1e3;
  });
  return {check * 1e3, whole};
}

struct Groups {
  double mib = 0, counted_mib = 0;
};

Groups groups(const Options& options, const std::shared_ptr<const core::Catalogue>& types) {
  History few;
  tell(few, 1000, *types);
  const core::Event& like = *std::ranges::find_if(few.batch.events, [](const core::Event& event) {
    return event.type != nullptr && event.type->name == "scheduling_decision";
  });
  rules::Engine engine(
      load("version: 1\ngroups:\n  - name: g\n    limit: 100\n    rules:\n      - alert: Many\n"
           "        expr: count(scheduling_decision[1h]) > 1000\n        by: [workload]\n",
           types));
  std::vector<rules::Transition> out;
  core::Event event = like;
  std::vector<core::FieldValue> fields(like.fields.begin(), like.fields.end());
  event.fields = fields;
  const auto slot = like.type->slot("workload");
  const std::uint64_t before = anonymous_bytes();
  for (int minute = 0; minute < 60; minute += 20) {  // three buckets of sixty are in use
    for (std::uint64_t i = 0; i < options.groups; ++i) {
      const std::string workload = fmt::format("training-job-{:07}", i);
      event.workload = workload;
      if (slot) fields[*slot].text = workload;
      event.time = event.received = like.time + std::chrono::minutes(minute);
      engine.add(event, out);
    }
    engine.advance(event.time, out);
  }
  const auto status = engine.status().front();
  if (status.groups != options.groups)
    throw std::runtime_error(
        fmt::format("{} of {} groups, {} events late", status.groups, options.groups, status.late));
  return {static_cast<double>(anonymous_bytes() - before) / (1 << 20),
          static_cast<double>(engine.bytes()) / (1 << 20)};
}

void measure(const Options& options) {
  const auto types = catalogue();
  const Groups held =
      groups(options, types);  // first: memory that was used before hides what it takes
  History history;
  tell(history, options.events, *types);
  const auto& events = history.batch.events;
  std::cout << fmt::format(R"({{"events":{},"clusters":{},"decode_ns":{:.0f})", events.size(),
                           history.clusters.size(), history.decode_ns);
  const struct {
    const char* name;
    std::string text;
  } kSets[] = {{"rules_200", bench::fleet_rules(200, history.clusters, 5)},
               {"rules_2000", bench::fleet_rules(2000, history.clusters, 5)},
               {"wide_200", bench::wide_rules(200, 5)}};
  for (const auto& set : kSets) {
    const auto loaded = load(set.text, types);
    std::size_t transitions = 0;
    const auto noted = [&](const Run& one) {
      transitions = one.transitions;
      return one.ns;
    };
    const double dense =
        median(options.rounds, [&] { return noted(run_dense(history, loaded, 2000)); });
    const double sparse = median(options.rounds, [&] { return noted(run(history, loaded)); });
    std::cout << fmt::format(R"(,"{0}_ns":{1:.0f},"{0}_history_ns":{2:.0f},"{0}_transitions":{3})",
                             set.name, dense, sparse, transitions);
  }
  const auto [check_ms, reload_ms] = reload(options, history, types);
  std::cout
      << fmt::format(
             R"(,"check_2000_ms":{:.0f},"reload_2000_ms":{:.0f},"groups_mib":{:.1f},"groups_counted_mib":{:.1f}}})",
             check_ms, reload_ms, held.mib, held.counted_mib)
      << "\n";
}

}  // namespace

int main(int argc, char** argv) {
  Options options;
  CLI::App app("What rules cost, in CPU time and memory");
  app.add_option("--events", options.events, "Events of a week of the demo fleet");
  app.add_option("--groups", options.groups, "Groups of one rule");
  app.add_option("--rounds", options.rounds, "Medians of so many")->check(CLI::Range(1, 99));
  app.add_option("--print", options.print, "Print so many rules as a file of rules, and no more");
  CLI11_PARSE(app, argc, argv);
  if (options.print > 0) {
    std::cout << bench::fleet_rules(options.print, {}, 5);
    return 0;
  }
  try {
    measure(options);
  } catch (const std::exception& error) {
    std::cerr << "bench_rules: " << error.what() << "\n";
    return 1;
  }
  return 0;
}
