#include "exporters/elasticsearch/response.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <utility>

#include "core/decode.h"
#include "core/json.h"
#include "exporters/http_client/brief.h"

namespace kcloud::elasticsearch {
namespace {

using core::Delivery;
using http_client::brief;

enum class Outcome : std::uint8_t { kDone, kRejected, kRetry, kHold };

template <std::size_t N>
bool is_one_of(std::string_view text, const std::array<std::string_view, N>& list) {
  return std::ranges::find(list, text) != list.end();
}

// Errors that speak of one document.
constexpr std::array<std::string_view, 5> kDocumentErrors{
    "mapper_parsing_exception", "document_parsing_exception", "strict_dynamic_mapping_exception",
    "x_content_parse_exception", "parsing_exception"};

// Errors of a request that the server could not read.
constexpr std::array<std::string_view, 6> kUnreadable{
    "json_parse_exception", "json_e_o_f_exception",         "x_content_parse_exception",
    "parse_exception",      "stream_constraints_exception", "x_content_e_o_f_exception"};

// An illegal argument is a document's where it speaks of a field (an immense term, a limit of
// fields), and the cluster's where it speaks of pipelines, aliases or blocks.
bool speaks_of_document(std::string_view type, std::string_view reason) {
  if (is_one_of(type, kDocumentErrors)) return true;
  if (type != "illegal_argument_exception") return false;
  if (reason.find("pipeline") != reason.npos || reason.find("alias") != reason.npos) return false;
  return reason.find("field") != reason.npos || reason.find("mapp") != reason.npos;
}

Outcome outcome_of(int status, std::string_view type, std::string_view reason) {
  if ((status >= 200 && status < 300) || status == 409) return Outcome::kDone;
  if (status == 400 && speaks_of_document(type, reason)) return Outcome::kRejected;
  if (status == 408 || status == 429 || status >= 500) return Outcome::kRetry;
  return Outcome::kHold;
}

// `type: reason: reason of its cause …` of an error object; the text itself when it is none.
std::string words_of(std::string_view error) {
  std::string out = core::json_text_at(error, "type");
  if (out.empty()) return std::string(error);
  std::string cause(error);
  for (int depth = 0; depth < 4 && !cause.empty(); ++depth) {
    if (const auto reason = core::json_text_at(cause, "reason"); !reason.empty())
      out += ": " + reason;
    cause = core::json_text_at(cause, "caused_by");
  }
  return out;
}

std::string words_of(const http_client::Response& response) {
  const auto error = core::json_text_at(response.body, "error");
  return fmt::format("{} {}", response.status,
                     brief(error.empty() ? response.body : words_of(error)));
}

std::string hint(int status) {
  if (status == 401 || status == 403)
    return " (check `username` and `password` or `api_key`, and the role's rights)";
  if (status >= 300 && status < 400) return " (redirects are not followed: check `urls`)";
  return " (check `urls` and the cluster's settings)";
}

Judgement judge_items(const http_client::Response& response, std::size_t count) {
  const std::string list = core::json_text_at(response.body, "items");
  const auto items = elements_of(list);
  if (response.truncated || items.size() != count) {
    // Sent again in smaller parts, which finds what is stored already.
    if (count > 1) return {Delivery::bisect("the answer does not name every item"), {}};
    return {Delivery::hold(fmt::format("the answer to _bulk is none of Elasticsearch's: {}{}",
                                       brief(response.body), hint(200))),
            {}};
  }
  Judgement judged{Delivery::delivered(), std::vector<bool>(count, true)};
  if (core::json_text_at(response.body, "errors") == "false") return judged;
  std::string retry, hold;
  for (std::size_t i = 0; i < count; ++i) {
    const std::string item = core::json_text_at(items[i], "create");
    const auto status = static_cast<int>(core::json_number_at(item, "status").value_or(0));
    const std::string error = core::json_text_at(item, "error");
    const auto outcome =
        outcome_of(status, core::json_text_at(error, "type"), core::json_text_at(error, "reason"));
    if (outcome == Outcome::kDone) continue;
    std::string words = brief(words_of(error));
    if (outcome == Outcome::kRejected) {
      judged.delivery.rejected.push_back({i, std::move(words)});
      continue;
    }
    judged.settled[i] = false;
    auto& first = outcome == Outcome::kHold ? hold : retry;
    if (first.empty()) first = fmt::format("{} {}", status, words);
  }
  if (!hold.empty() || !retry.empty()) {
    auto& delivery = judged.delivery;
    delivery.kind = hold.empty() ? Delivery::Kind::kRetry : Delivery::Kind::kHold;
    delivery.reason = hold.empty() ? retry : hold;
    delivery.delay = hold.empty() ? response.retry_after : std::nullopt;
  }
  return judged;
}

}  // namespace

Judgement judge(const http_client::Response& response, std::size_t count) {
  const int status = response.status;
  if (status >= 200 && status < 300) return judge_items(response, count);
  if (status == 413) return {Delivery::bisect("413 the server refuses a body of this size"), {}};
  if (status == 400 && is_one_of(core::json_text_at(response.body, "error.type"), kUnreadable))
    return {Delivery::bisect(words_of(response)), {}};
  return {refusal(response), {}};
}

core::Delivery refusal(const http_client::Response& response) {
  if (!response.answered())
    return response.untrusted ? Delivery::hold(response.error) : Delivery::retry(response.error);
  const int status = response.status;
  const std::string words = words_of(response);
  if (status >= 500 || status == 429 || status == 408)
    return Delivery::retry(words, response.retry_after);
  return Delivery::hold(words + hint(status));
}

std::vector<std::string_view> elements_of(std::string_view array) {
  if (!array.starts_with('[')) return {};
  return core::split_json(array, false).elements;
}

}  // namespace kcloud::elasticsearch
