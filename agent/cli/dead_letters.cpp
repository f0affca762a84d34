#include "agent/cli/dead_letters.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstdio>
#include <functional>

#include "core/decode.h"
#include "core/json.h"

namespace kcloud::cli {

namespace {

constexpr std::chrono::seconds kTimeout{60};  // a retry waits for the sinks
constexpr std::string_view kRole = "read for ls and show, admin for the others";
constexpr std::size_t kMaxAnswer = 128 << 20;
constexpr std::uint64_t kPage = 100;

http_client::Client client_of(const Address& agent) {
  http_client::Options options;
  options.timeout = kTimeout;
  options.max_response_bytes = kMaxAnswer;
  return http_client::Client(options_of(agent, options));
}

std::string_view array_in(std::string_view answer) {
  const auto open = answer.find('[');
  const auto close = answer.rfind(']');
  if (open == std::string::npos || close == std::string::npos) return "[]";
  return answer.substr(open, close - open + 1);
}

std::uint64_t number_at(const std::string& answer, const char* key) {
  return core::json_number_at(answer, key).value_or(0);
}

using Ask = std::function<http_client::Response(const std::string& path_and_query)>;
using Take = std::function<bool(const std::string& answer)>;  // false: enough

// Page by page, each behind the last one.
int all_pages(const DeadLettersOptions& options, const std::string& path, const Ask& ask,
              const Take& take) {
  const std::string filters = dead_letters_query(options);
  std::uint64_t before = 0;
  do {
    std::string url = path + (filters.empty() ? "" : "&" + filters);
    if (before != 0) url += fmt::format("&before={}", before);
    const auto response = ask(url);
    if (const int code = refused(response, kRole)) return code;
    if (!take(response.body)) return 0;
    before = number_at(response.body, "next");
  } while (before != 0);
  return 0;
}

bool has_filter(const DeadLettersOptions& options) { return !dead_letters_query(options).empty(); }

int say_which() {
  fmt::print(stderr,
             "error: no dead letters were named. Hint: numbers, a filter such as --origin, "
             "or --all\n");
  return 2;
}

struct Sums {
  std::uint64_t retried = 0, stored = 0, duplicates = 0, delivered = 0, refused = 0;

  // The refused ones are listed as they come.
  void add(const std::string& answer) {
    retried += number_at(answer, "retried");
    stored += number_at(answer, "stored");
    duplicates += number_at(answer, "duplicates");
    delivered += number_at(answer, "delivered");
    for (const auto one : core::split_json(array_in(answer), false).elements) {
      ++refused;
      fmt::print("{}: {}: {}\n", core::json_text_at(one, "id"), core::json_text_at(one, "reason"),
                 core::json_text_at(one, "detail"));
    }
  }
  void print() const {
    fmt::print("{} tried again: {} stored, {} stored before, {} delivered; {} stay\n", retried,
               stored, duplicates, delivered, refused);
  }
};

}  // namespace

std::string dead_letters_query(const DeadLettersOptions& options) {
  std::string query;
  const auto add = [&](const char* name, const std::string& value) {
    if (value.empty()) return;
    if (!query.empty()) query.push_back('&');
    query.append(name).append("=").append(http_client::url_encode(value));
  };
  add("origin", options.origin);
  add("reason", options.reason);
  add("type", options.type);
  add("since", options.since);
  add("until", options.until);
  return query;
}

std::string dead_letters_table(const std::string& answer, bool head) {
  const auto list = core::split_json(array_in(answer), false);
  std::string out;
  if (head) {
    out = fmt::format("{:>8}  {:<20}  {:<24}  {:<14}  {}\n", "id", "received", "origin", "reason",
                      "detail");
  }
  for (const auto one : list.elements) {
    const auto text = [&](const char* key) { return core::json_text_at(one, key); };
    out += fmt::format("{:>8}  {:<20}  {:<24}  {:<14}  {}\n", text("id"),
                       text("received").substr(0, 19) + "Z", text("origin"), text("reason"),
                       text("detail"));
  }
  return out;
}

int list_dead_letters(const DeadLettersOptions& options) {
  auto client = client_of(options.agent);
  const auto headers = headers_of(options.agent);
  std::uint64_t shown = 0;
  const std::uint64_t page = options.limit == 0 ? kPage : std::min(options.limit, kPage);
  return all_pages(
      options, fmt::format("/dead-letters?limit={}", page),
      [&](const std::string& path) {
        return client.get({base_url(options.agent) + path, headers, {}, {}, {}});
      },
      [&](const std::string& answer) {
        fmt::print("{}", options.json ? answer : dead_letters_table(answer, shown == 0));
        shown += page;
        return options.limit == 0 || shown < options.limit;
      });
}

int show_dead_letters(const DeadLettersOptions& options) {
  auto client = client_of(options.agent);
  int code = 0;
  for (const auto id : options.ids) {
    const auto response =
        client.get({fmt::format("{}/dead-letters/{}", base_url(options.agent), id),
                    headers_of(options.agent),
                    {},
                    {},
                    {}});
    if (const int problem = refused(response, kRole)) {
      code = std::max(code, problem);
      continue;
    }
    if (options.json) {
      fmt::print("{}", response.body);
      continue;
    }
    for (const char* key :
         {"id", "received", "origin", "position", "reason", "detail", "type", "event_id", "body"}) {
      fmt::print("{:<9} {}\n", key, core::json_text_at(response.body, key));
    }
  }
  return code;
}

int retry_dead_letters(const DeadLettersOptions& options) {
  if (options.ids.empty() && !has_filter(options) && !options.all) return say_which();
  auto client = client_of(options.agent);
  const auto headers = headers_of(options.agent);
  Sums sums;
  const auto ask = [&](const std::string& path) {
    return client.post({base_url(options.agent) + path, headers, {}, {}, {}});
  };
  const auto take = [&](const std::string& answer) {
    if (options.json) {
      sums.refused += core::split_json(array_in(answer), false).elements.size();
      fmt::print("{}", answer);
    } else {
      sums.add(answer);
    }
    return true;
  };
  int code = 0;
  for (const auto id : options.ids) {
    const auto response = ask(fmt::format("/dead-letters/{}/retry", id));
    if (const int problem = refused(response, kRole)) {
      code = std::max(code, problem);
    } else {
      take(response.body);
    }
  }
  if (options.ids.empty()) {
    code = all_pages(options, fmt::format("/dead-letters/retry?limit={}", kPage), ask, take);
  }
  if (!options.json) sums.print();
  return code != 0 ? code : sums.refused != 0 ? 1 : 0;
}

int purge_dead_letters(const DeadLettersOptions& options) {
  if (options.ids.empty() && !has_filter(options) && !options.all) return say_which();
  auto client = client_of(options.agent);
  const auto headers = headers_of(options.agent);
  std::uint64_t removed = 0;
  const auto ask = [&](const std::string& path) {
    return client.remove({base_url(options.agent) + path, headers, {}, {}, {}});
  };
  const auto take = [&](const std::string& answer) {
    removed += number_at(answer, "removed");
    return true;
  };
  int code = 0;
  for (const auto id : options.ids) {
    const auto response = ask(fmt::format("/dead-letters/{}", id));
    if (const int problem = refused(response, kRole)) {
      code = std::max(code, problem);
    } else {
      take(response.body);
    }
  }
  if (options.ids.empty()) {
    code = all_pages(options,
                     fmt::format("/dead-letters?limit=1000{}", options.all ? "&all=true" : ""), ask,
                     take);
  }
  fmt::print("{} removed\n", removed);
  return code;
}

}  // namespace kcloud::cli
