#include "exporters/forward/response.h"

#include <fmt/format.h>

#include <algorithm>
#include <optional>
#include <string>

#include "core/dead_letter.h"
#include "core/forward_answer.h"
#include "core/json.h"

namespace kcloud::forward {
namespace {

using core::Delivery;
using core::ProbeStep;

constexpr std::size_t kLongestReason = 400;

// One line of at most kLongestReason bytes, cut between characters.
std::string brief(std::string_view text) {
  std::size_t end = std::min(text.size(), kLongestReason);
  while (end < text.size() && end > 0 && (static_cast<unsigned char>(text[end]) & 0xc0) == 0x80)
    --end;
  std::string out(text.substr(0, end));
  std::ranges::replace_if(
      out, [](char c) { return static_cast<unsigned char>(c) < 0x20; }, ' ');
  return out;
}

std::string reason_of(const std::vector<core::FieldError>& errors) {
  return brief(core::describe(errors));
}

std::string same_name(std::string_view self) {
  return fmt::format(
      "the upstream is called `{}` like this agent: it is this agent itself, or two agents have "
      "one name (set `agent.name`)",
      self);
}

Judgement judge_answer(const http_client::Response& response, std::size_t events,
                       std::string_view self) {
  // The answer for fewer events is shorter.
  if (response.truncated && events > 1) return {Delivery::bisect("the answer is too long")};
  const auto told = core::read_forward_answer(response.body, events);
  if (!told)
    return {Delivery::hold(fmt::format(
        "answered {} but not as an agent answers /forward (check `upstreams`)", response.status))};
  if (told->agent == self) return {Delivery::hold(same_name(self))};
  const auto settled = told->accepted + told->duplicates + told->loops + told->rejected.size();
  if (settled != events)
    return {Delivery::retry(fmt::format("answered for {} of {} events", settled, events))};
  std::vector<core::Rejected> rejected;
  for (const auto& one : told->rejected) rejected.push_back({one.index, reason_of(one.errors)});
  return {Delivery::delivered(std::move(rejected)), told->loops};
}

// What holds until a person changes something; empty for other statuses.
std::string hold_hint(int status, const std::string& said) {
  if (status == 401 || status == 403)
    return fmt::format(
        "{} {} (check `token`: it needs the role `forward` in the upstream's http.tokens)", status,
        said);
  if (status == 404 || status == 405)
    return fmt::format(
        "{} there is no POST /forward (is the upstream a kcloud-logger of an older version? check "
        "`upstreams`)",
        status);
  if (status >= 300 && status < 400)
    return fmt::format("answered {}: redirects are not followed (set the final address)", status);
  return fmt::format("unexpected answer {} {} (check `upstreams`)", status, said);
}

std::string said_by(const http_client::Response& response) {
  auto detail = core::json_text_at(response.body, "detail");
  return brief(detail.empty() ? response.body : detail);
}

}  // namespace

Judgement judge(const http_client::Response& response, std::size_t events, std::string_view self) {
  if (!response.answered()) {
    if (response.untrusted) return {Delivery::hold(response.error)};
    return {Delivery::retry(response.error), 0, true};
  }
  const int status = response.status;
  if ((status >= 200 && status < 300) || status == 422) return judge_answer(response, events, self);
  const std::string said = said_by(response);
  if (status == 413) return {Delivery::bisect(fmt::format("413 {}", said))};
  if (status >= 500 || status == 429 || status == 408) {
    // Who says when to come back is busy, not ill.
    const bool busy = status == 429 || (status == 503 && response.retry_after);
    return {Delivery::retry(fmt::format("{} {}", status, said), response.retry_after), 0, !busy};
  }
  return {Delivery::hold(hold_hint(status, said))};
}

std::vector<ProbeStep> judge_probe(const http_client::Response& response, std::string_view what,
                                   std::string_view self) {
  using Outcome = ProbeStep::Outcome;
  ProbeStep reach{fmt::format("reach {}", what), Outcome::kFailed, response.error};
  ProbeStep role{fmt::format("role at {}", what), Outcome::kSkipped, "the step before failed"};
  ProbeStep loop{fmt::format("loop through {}", what), Outcome::kSkipped, role.detail};
  const int status = response.status;
  const auto told = status == 200 ? core::read_forward_answer(response.body, 0) : std::nullopt;
  if (status == 401 || status == 403) {
    reach.outcome = Outcome::kPassed;
    role = {role.what, Outcome::kFailed, hold_hint(status, said_by(response))};
  } else if (told) {
    reach = {reach.what, Outcome::kPassed,
             fmt::format("agent `{}`, kcloud-logger {}", told->agent, told->version)};
    role = {role.what, Outcome::kPassed, "may forward"};
    const bool self_loop = told->agent == self;
    loop = {loop.what, self_loop ? Outcome::kFailed : Outcome::kPassed,
            self_loop ? same_name(self) : "it is another agent"};
  } else if (response.answered()) {
    reach.detail = hold_hint(status, said_by(response));
  }
  return {std::move(reach), std::move(role), std::move(loop)};
}

}  // namespace kcloud::forward
