// What a rule file says, once it is parsed, resolved against the event catalogue and found right:
// plain values that the engine evaluates. The language is docs/rules.md.
//
// A RuleSet is immutable and shared; it keeps the catalogue that its pointers lead into.
#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "config/text.h"
#include "core/catalogue.h"

namespace kcloud::rules {

using Duration = std::chrono::milliseconds;

using Place = config::Place;

// A field of one event type: a slot of the catalogue, or what every event has.
struct FieldRef {
  enum class From : std::uint8_t {
    kSlot,
    kWorkload,
    kCluster,
    kSeverity,
    kActor,
    kReason,
    kSource,
    kCollector,
    kAgent
  };
  From from = From::kSlot;
  std::size_t slot = 0;  // kSlot alone
  core::FieldType type = core::FieldType::kText;
  std::string name;
};

// A literal of a filter; monostate: null.
using Literal = std::variant<std::monostate, std::string, double, bool>;

class Pattern;  // a compiled RE2, rules/pattern.h

// A predicate over one event of one type. `@name` is already replaced by what it stands for.
struct Filter {
  enum class Kind : std::uint8_t {
    kAlways,
    kAnd,
    kOr,
    kNot,
    kEqual,
    kNotEqual,
    kGreater,
    kGreaterEqual,
    kLess,
    kLessEqual,
    kMatches,
    kContains,
    kStartsWith,
    kEndsWith,
    kIn,
    kExists
  };
  Kind kind = Kind::kAlways;
  std::vector<Filter> operands;  // kAnd, kOr: two or more; kNot: one (`!~` is kNot of kMatches)
  FieldRef field;                // all others but kAlways
  std::vector<Literal> values;   // kIn: all of them; comparisons: one
  std::shared_ptr<const Pattern> pattern;  // kMatches
};

struct Selector {
  const core::EventType* type = nullptr;
  std::optional<FieldRef> field;
  Filter filter;
  Duration window{0};  // 0: none (an event rule, a step of a sequence)
  Duration offset{0};
  std::vector<FieldRef> by;  // the rule's `by`, as this type has them
  std::string text;          // canonical: the same for two selectors that mean the same
  Place place;
};

enum class Aggregate : std::uint8_t {
  kCount,
  kRate,
  kSum,
  kAvg,
  kMin,
  kMax,
  kStddev,
  kQuantile,
  kDistinct,
  kLast,
  kAbsent,
  kNew,
  kChanged
};

// Numbers and conditions. kAbsent, kNew, kChanged, comparisons, kAnd, kOr, kUnless, kNot and kEvent
// are conditions, the rest are numbers; the checker has made sure that each stands where it may.
struct Expr {
  enum class Kind : std::uint8_t {
    kNumber,
    kAggregate,
    kBaseline,
    kZscore,
    kPrev,
    kAbs,
    kNegate,
    kAdd,
    kSubtract,
    kMultiply,
    kDivide,
    kModulo,
    kEqual,
    kNotEqual,
    kGreater,
    kGreaterEqual,
    kLess,
    kLessEqual,
    kAnd,
    kOr,
    kUnless,
    kNot,
    kEvent  // a bare selector: one event is enough
  };
  Kind kind = Kind::kNumber;
  std::vector<Expr> operands;
  double number = 0;                        // kNumber
  Aggregate aggregate = Aggregate::kCount;  // kAggregate
  double quantile = 0;                      // kQuantile: 0..1
  Selector selector;                        // kAggregate, kEvent
  Duration look_back{0};                    // kBaseline, kZscore
  std::string text;  // as it stands in the file, white space joined: for `explain`
  Place place;

  bool is_condition() const;
};

// A text with `{{ … }}` in it, checked: literal pieces and what is put between them.
struct Template {
  struct Part {
    enum class From : std::uint8_t { kText, kLabel, kValue, kCount, kEventField };
    enum class Form : std::uint8_t {
      kPlain,
      kHumanize,
      kHumanizeDuration,
      kHumanizePercentage,
      kJson
    };
    From from = From::kText;
    Form form = Form::kPlain;
    std::string text;  // kText: itself; kLabel: the label's name; kEventField: the field's
  };
  std::string source;
  std::vector<Part> parts;
};
using Templates = std::vector<std::pair<std::string, Template>>;  // in file order

struct Step {
  bool negated = false;
  Selector selector;  // without a window
};

struct Rule {
  std::string name;          // of the alert; unique in the set
  std::optional<Expr> expr;  // else `sequence` and `within`
  std::vector<Step> sequence;
  Duration within{0};
  std::vector<std::string> by;
  Duration hold{0};         // `for`
  Duration keep_firing{0};  // `keep_firing_for`
  Templates labels;         // the group's, then the rule's own
  Templates annotations;
  std::vector<std::map<std::string, std::string>>
      expect;                       // groups that `absent` knows from the start
  std::vector<std::string> notify;  // names of notifiers; empty: all
  bool enabled = true;
  std::string slo;   // the `slo` it was made from; empty: none
  std::string text;  // the rule's own lines of the file, for people
  Place place;

  bool is_event_rule() const { return expr && expr->kind == Expr::Kind::kEvent; }
};

struct Group {
  std::string name;            // unique in the set
  std::string file;            // where it was read
  Duration interval{10'000};   // between evaluations
  Duration max_delay{30'000};  // how long late events are waited for
  std::uint32_t limit = 1000;  // alert instances of a rule
  std::vector<Rule> rules;
};

struct RuleSet {
  std::shared_ptr<const core::Catalogue> catalogue;
  std::vector<Group> groups;
};

}  // namespace kcloud::rules
