// What the calls have in common: groups and series of the same figures, and what they are compared
// with. Internal to analytics/.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "agent/analytics/answer.h"
#include "agent/analytics/request.h"
#include "agent/analytics/source.h"

namespace kcloud::analytics {

// Of an interval of that many hours, as far as it has gone by.
using Figures = std::function<std::vector<Figure>(const Sums& sums, double hours)>;

// Of groups times steps in an answer.
inline constexpr std::size_t kMostRows = 50'000;

double hours_of(core::Time since, core::Time until, core::Time now);
std::optional<double> ratio(double part, double whole);  // nullopt: of nothing
std::optional<double> change_pct(std::optional<double> from, std::optional<double> to);
double number(std::uint64_t count);
std::string text_of(core::Time time);

// The tables `groups` and `series` as the request has them: with both, each group has its own
// series. `wish.edges` and `wish.group_by` are set here.
std::vector<Table> groups_and_series(Source& source, const Request& request, Wish wish,
                                     const Figures& figures);

// The range that the request's is compared with. For a policy's change the request's range begins
// with it. nullopt: with nothing. Throws BadRange.
struct Compared {
  core::Time since, until;
  std::vector<std::pair<std::string, std::string>> texts;  // what it is compared with
};
std::optional<Compared> baseline_of(Source& source, Request& request);

// A row of the table `baseline`, as far as it is asked for.
Row baseline_row(const Compared& compared, const Row& totals, const Request& request);

// The newest changes of policies in [since, until), oldest first.
struct PolicyChange {
  core::Time time;
  std::string id, policy, action, actor, reason;
};
inline constexpr std::size_t kMostPolicyChanges = 100;
std::vector<PolicyChange> policy_changes(Source& source, core::Time since, core::Time until,
                                         std::size_t& left_out);

}  // namespace kcloud::analytics
