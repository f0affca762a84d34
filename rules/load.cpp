#include "rules/load.h"
#include "rules/alert.h"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>
#include <map>
#include <tuple>
#include <utility>

#include "config/text_check.h"
#include "rules/lexer.h"
#include "rules/rule_reader.h"

namespace kcloud::rules {
namespace {

using config::Problem;
using config::Problems;
using config::Section;
using config::Text;

// Where a name was given first, over all files.
using Taken = std::map<std::string, std::string, std::less<>>;

class FileReader {
 public:
  FileReader(const RuleFile& file, Scope& scope, Taken& alerts, Taken& groups)
      : file_(file), scope_(scope), alerts_(alerts), groups_(groups), lines_(file.text) {}

  std::vector<Group> read() {
    const std::size_t before = scope_.problems.size();
    Section root = Section::parse(file_.text, file_.name, scope_.problems);
    std::uint32_t version = 1;
    root.read("version", version, 1, 1);
    read_lists(root.section("lists"));
    read_filters(root.section("filters"));
    std::vector<Group> groups;
    std::vector<Section> sections = root.list("groups");
    for (std::size_t i = 0; i < sections.size() && !scope_.has_enough(); ++i)
      groups.push_back(read_group(sections[i]));
    const bool names_groups = root.has("groups");
    root.finish();
    // As half a file looks that is being written. `groups: []` says that there are none.
    if (!names_groups && scope_.problems.size() == before)
      scope_.problem({1, 1}, "no rules; expected `groups`");
    if (!scope_.has_enough()) find_unused();
    return groups;
  }

 private:
  void read_lists(Section section) {
    for (const std::string& name : section.keys()) {
      NamedList& list = scope_.lists[name];
      list.place = section.key_place(name);
      const std::size_t before = scope_.problems.size();
      section.read(name, list.values);
      list.used = !check_word(name, list.place);
      if (list.values.empty() && scope_.problems.size() == before)
        scope_.problem(list.place, "a list without values");
    }
  }

  void read_filters(Section section) {
    for (const std::string& name : section.keys()) {
      NamedFilter& filter = scope_.filters[name];
      filter.place = section.key_place(name);
      section.read(name, filter.text);
      filter.used = !check_word(name, filter.place);
      if (scope_.lists.contains(name))
        scope_.problem(filter.place, fmt::format("there is a list '{}' already", name));
    }
  }

  bool check_word(const std::string& name, Place at) {
    if (!is_name(name)) scope_.problem(at, "expected a name of letters, digits and _");
    return is_name(name);
  }

  void find_unused() {
    for (const auto& [name, list] : scope_.lists)
      if (!list.used) scope_.problem(list.place, fmt::format("list '{}' is used by no rule", name));
    for (const auto& [name, filter] : scope_.filters)
      if (!filter.used)
        scope_.problem(filter.place, fmt::format("filter '{}' is used by no rule", name));
  }

  Group read_group(Section& section) {
    using std::chrono::hours;
    using std::chrono::seconds;
    Group group;
    group.file = file_.name;
    Text name;
    section.read("name", name);
    section.read("interval", group.interval, seconds(1), hours(1));
    section.read("max_delay", group.max_delay, seconds(0), hours(1));
    section.read("limit", group.limit, 1, 1'000'000);
    const WrittenTexts labels = read_texts(section, "labels");
    std::vector<Section> rules = section.list("rules");
    group.name = name.value();
    if (!section.has("name"))
      section.fail("", "no `name`: the group's");
    else if (name.is_read())
      take(groups_, "group", group.name, name.start());
    check_name(name, scope_);
    for (std::size_t i = 0; i < rules.size() && !scope_.has_enough(); ++i)
      for (Rule& rule : read_rule(rules[i], labels, scope_)) {
        const bool slo = !rule.slo.empty();
        if (!rule.name.empty())
          take(alerts_, "alert", rule.name, rules[i].place(slo ? "slo" : "alert"));
        if (rule.name == kOverflowAlert)
          scope_.problem(rules[i].place("alert"),
                         "RuleOverflow is the agent's own: it tells of rules over their `limit`");
        rule.text = own_lines(rule.place);
        group.rules.push_back(std::move(rule));
      }
    return group;
  }

  void take(Taken& taken, std::string_view kind, const std::string& name, Place at) {
    const std::string here = fmt::format("{}:{}:{}", file_.name, at.line, at.column);
    const auto [first, is_new] = taken.emplace(name, here);
    if (!is_new)
      scope_.problem(
          at, fmt::format("there is {} {} '{}' already, at {}", kind == "alert" ? "an" : "a", kind,
                          config::shown(name), first->second));
  }

  // The entry as it is written: the lines from its first key to where the indentation ends.
  std::string own_lines(Place begin) const {
    const auto indent = static_cast<std::size_t>(std::max(begin.column, 1)) - 1;
    std::string out(lines_.line(begin.line).substr(indent));
    std::string pending;  // empty lines, which count when more follows
    for (int number = begin.line + 1;; ++number) {
      const std::string_view line = lines_.line(number);
      const std::size_t text = line.find_first_not_of(' ');
      if (lines_.offset({number, 1}) >= lines_.text().size()) break;
      if (text == line.npos) {
        pending += '\n';
        continue;
      }
      if (text < indent) break;
      out += pending + '\n';
      out += line.substr(indent);
      pending.clear();
    }
    return out;
  }

  const RuleFile& file_;
  Scope& scope_;
  Taken& alerts_;
  Taken& groups_;
  config::Source lines_;
};

Problems in_order(Problems problems) {
  const auto key = [](const Problem& p) { return std::tie(p.line, p.column, p.message); };
  std::stable_sort(problems.begin(), problems.end(), [&](const auto& a, const auto& b) {
    return std::tie(a.line, a.column) < std::tie(b.line, b.column);
  });
  problems.erase(std::unique(problems.begin(), problems.end(),
                             [&](const auto& a, const auto& b) { return key(a) == key(b); }),
                 problems.end());
  return problems;
}

}  // namespace

Loaded load(const std::vector<RuleFile>& files, std::shared_ptr<const core::Catalogue> catalogue,
            const LoadOptions& options) {
  Loaded loaded;
  auto set = std::make_shared<RuleSet>();
  Taken alerts, groups;
  for (const RuleFile& file : files) {
    Problems problems;
    Scope scope{*catalogue, options, file.name, problems};
    std::vector<Group> read;
    if (file.text.size() > options.max_bytes)
      scope.problem({},
                    fmt::format("{} bytes long, at most {}", file.text.size(), options.max_bytes));
    else
      read = FileReader(file, scope, alerts, groups).read();
    if (problems.empty()) {
      std::move(read.begin(), read.end(), std::back_inserter(set->groups));
      continue;
    }
    loaded.bad_files.push_back(file.name);
    problems = in_order(std::move(problems));
    std::move(problems.begin(), problems.end(), std::back_inserter(loaded.problems));
  }
  set->catalogue = std::move(catalogue);
  if (!files.empty()) loaded.rules = std::move(set);
  return loaded;
}

}  // namespace kcloud::rules
